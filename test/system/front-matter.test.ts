import { describe, expect, it } from 'vitest';
import { parseFrontMatter } from '../../src/system/front-matter.ts';

function failure(text: string): string {
  try {
    parseFrontMatter(text, 'note.md');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'did not throw';
}

describe('parseFrontMatter', () => {
  it('reads YAML, keeps the body as it is', () => {
    expect(parseFrontMatter('---\nid: slow-deploy\nlist: [1, two]\n---\n\n# Body\r\n  x\n')).toEqual({
      data: { id: 'slow-deploy', list: [1, 'two'] },
      body: '\n# Body\r\n  x\n',
    });
  });

  it('reads Windows line ends and a byte order mark', () => {
    expect(parseFrontMatter('\uFEFF---\r\nid: a\r\n---\r\nbody')).toEqual({ data: { id: 'a' }, body: 'body' });
  });

  it('gives an empty object for a text without front matter', () => {
    expect(parseFrontMatter('# Title\n---\nnot: front\n---\n')).toEqual({
      data: {},
      body: '# Title\n---\nnot: front\n---\n',
    });
    expect(parseFrontMatter('')).toEqual({ data: {}, body: '' });
    expect(parseFrontMatter('---\n# only a comment\n---\nx')).toEqual({ data: {}, body: 'x' });
  });

  it.each(['js', 'javascript', 'JS', 'coffee', 'cson', 'json', 'toml', 'constructor', '__proto__', 'toString'])(
    'refuses the engine %s and runs nothing',
    (language) => {
      const key = 'seatrialFrontMatterRan';
      expect(failure(`---${language}\n{ a: (globalThis.${key} = true) }\n---\nbody`)).toContain(
        'front matter of note.md cannot be read',
      );
      expect(Reflect.has(globalThis, key)).toBe(false);
    },
  );

  it('throws for broken YAML, the second time too', () => {
    const broken = '---\na: [1\nb: }\n---\nbody';
    expect(failure(broken)).toContain('cannot be read');
    expect(failure(broken)).toBe(failure(broken));
  });

  it('throws when the closing line is missing, for doubled keys and for what is not a map', () => {
    expect(failure('---\na: 1\nbody without an end')).toContain('closing line');
    expect(failure('---\na: 1\n---more\nb: 2\n---\nbody')).toContain('closing line');
    expect(failure('---\na: 1\na: 2\n---\n')).toContain('cannot be read');
    expect(failure('---\n- a\n---\n')).toContain('key: value');
  });

  it('hands out a fresh object each time', () => {
    const text = '---\na: {b: 1}\n---\n';
    const first = parseFrontMatter(text).data;
    if (typeof first === 'object' && first !== null) Reflect.set(first, 'a', 'changed');
    expect(parseFrontMatter(text).data).toEqual({ a: { b: 1 } });
  });

  it('reads YAML 1.2: 010 is ten, yes and dates are text', () => {
    expect(parseFrontMatter('---\nn: 010\nday: 2026-11-06\nat: 2026-11-06T10:00:00Z\nword: yes\n---\n').data).toEqual({
      n: 10,
      day: '2026-11-06',
      at: '2026-11-06T10:00:00Z',
      word: 'yes',
    });
  });

  it('refuses a bomb of aliases', () => {
    const bomb = `---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n---\n`;
    expect(failure(bomb)).toContain('cannot be read');
  });
});
