import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import matter from 'gray-matter';
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

describe('the traps of gray-matter', () => {
  it('is called in one place only', () => {
    const source = join(import.meta.dirname, '..', '..', 'src');
    const callers = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => readFileSync(join(source, path), 'utf8').includes("'gray-matter'"));
    expect(callers).toEqual(['system/front-matter.ts']);
  });

  it('would spring without the wrapper: code runs, and broken YAML is an empty object the second time', () => {
    const ran = matter('---js\n{ ran: 6 * 7 }\n---\n').data;
    expect(ran).toEqual({ ran: 42 });
    const broken = '---\na: [1\n---\nbody, only here';
    expect(() => matter(broken)).toThrow();
    expect(matter(broken).data).toEqual({});
    expect(matter('---\nn: 010\n---\nold octal').data).toEqual({ n: 8 });
  });

  it.each(['yaml js', 'yml; js', 'yaml\tjs', ' js', '\u00a0js', 'JSON', 'Yaml'])(
    'takes no other word for YAML: "%s"',
    (language) => {
      expect(failure(`---${language}\na: 1\n---\n`)).toContain('cannot be read');
    },
  );

  it('runs nothing that YAML itself can ask for, and lets nobody change what objects are', () => {
    for (const text of [
      'a: !!js/function "function(){}"',
      'a: !!js/regexp /x/',
      'a: !<tag:yaml.org,2002:js/undefined> ""',
    ]) {
      const said = failure(`---\n${text}\n---\n`);
      if (said === 'did not throw')
        expect(JSON.stringify(parseFrontMatter(`---\n${text}\n---\n`).data)).not.toContain('function ');
    }
    const { data } = parseFrontMatter('---\n__proto__: { polluted: yes }\nconstructor: 1\n---\n');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
  });

  it('is quick with a text that goes on and on', () => {
    const started = performance.now();
    failure(`---\n${'- '.repeat(20_000)}\n---\n`);
    failure(`---\n${'a: '.repeat(20_000)}\n---\n`);
    failure(`---\n${'{'.repeat(2000)}\n---\n`);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
