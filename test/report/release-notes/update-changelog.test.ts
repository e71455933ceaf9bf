import { describe, expect, it } from 'vitest';
import { compareVersions, updateChangelog } from '../../../src/report/release-notes/update-changelog.ts';

const section = (version: string, words = 'a') => `## [${version}] - 2026-11-30\n\n- ${words}`;
function update(before: string | null, version = '1.4.0', words = 'a'): string {
  const done = updateChangelog(before, version, section(version, words));
  if (!done.ok) throw new Error(done.reason);
  return done.text;
}

describe('a changelog', () => {
  it('is begun when there is none', () => {
    expect(update(null)).toBe(
      '# Changelog\n\nAll notable changes are listed here, newest first.\n\n<!-- seatrial:1.4.0 -->\n## [1.4.0] - 2026-11-30\n\n- a\n<!-- /seatrial:1.4.0 -->\n',
    );
  });

  it.each([
    '',
    '# Mine',
    '# Mine\n',
    '# Mine\r\n\r\n## 1.0.0\r\n- x  \r\n',
    '\uFEFF# Mine\n\n## Unreleased\n\n- y\n\n## 1.0.0\n- x',
    '## 1.0.0\n',
  ])('keeps every byte of %j and is the same after the second time', (before) => {
    const once = update(before);
    expect(update(once)).toBe(once);
    expect(updateChangelog(once, '1.4.0', section('1.4.0'))).toMatchObject({ changed: false });
    const block = once.slice(once.indexOf('<!-- seatrial:1.4.0'), once.indexOf('<!-- /seatrial:1.4.0 -->') + 24);
    const [head = '', tail = ''] = once.split(block);
    expect(before.startsWith(head.trimEnd())).toBe(true);
    expect(before.endsWith(tail.trimStart())).toBe(true);
    expect(head.trimEnd().length + tail.trimStart().length).toBeGreaterThanOrEqual(before.trim().length - 4);
    if (before.includes('\r\n')) expect(once.replaceAll('\r\n', '')).not.toContain('\n');
  });

  it('has the newest version above the others and below what is unreleased', () => {
    const text = update(update('# Mine\n\n## Unreleased\n\n- y\n', '1.3.0'), '1.4.0');
    const order = ['Unreleased', '[1.4.0]', '[1.3.0]'].map((name) => text.indexOf(name));
    expect(order).toEqual([...order].sort((one, other) => one - other));
  });

  it.each([
    ['## 2.0.0\n- x\n\n## 1.0.0\n- y\n', ['2.0.0', '[1.4.0]', '1.0.0']],
    ['## [Unreleased]\n\n## v2.0.0\n- x\n', ['Unreleased', 'v2.0.0', '[1.4.0]']],
    ['## 1.10.0\n- x\n\n## 1.5\n- x\n\n## 1.4.0-rc.1\n- y\n', ['1.10.0', '1.5', '[1.4.0]', '1.4.0-rc.1']],
    ['## 2.0.0\n- x\n\n## How to read this\n\nso\n', ['2.0.0', '[1.4.0]', 'How to']],
    [
      '## 2.0.0\n- x\n\n[2.0.0]: https://e.org/2\n[1.9.0]: https://e.org/1\n',
      ['## 2.0.0', '## [1.4.0]', '\n[2.0.0]: h'],
    ],
    ['## 2024-01-01\n- x\n', ['2024-01-01', '[1.4.0]']],
    ['## How to read this\n', ['[1.4.0]', 'How to']],
    ['## 0.1.0\n- x\n\n## 0.2.0\n- y\n', ['[1.4.0]', '0.1.0', '0.2.0']],
  ])('puts a version that comes later at its place: %j', (body, wanted) => {
    for (const text of [`# Mine\n\n${body}`, `# Mine\n\n${body}`.replaceAll('\n', '\r\n')]) {
      const after = update(text);
      const order = wanted.map((name) => after.replaceAll('\r\n', '\n').indexOf(name));
      expect(order.every((at) => at !== -1)).toBe(true);
      expect(order).toEqual([...order].sort((one, other) => one - other));
      expect(update(after)).toBe(after);
      expect(
        after.replace(/<!-- seatrial:1\.4\.0 -->[\s\S]*<!-- \/seatrial:1\.4\.0 -->(\r?\n){0,2}/, '').trimEnd(),
      ).toBe(text.trimEnd());
    }
  });

  it('is the same whatever order its versions come in', () => {
    const versions = ['1.0.0', '1.2.0', '1.10.0', '2.0.0-rc.2', '2.0.0-rc.10', '2.0.0'];
    const inOrder = versions.reduce<string | null>((text, version) => update(text, version), null);
    for (const order of [[...versions].reverse(), ['2.0.0', '1.0.0', '2.0.0-rc.10', '1.10.0', '1.2.0', '2.0.0-rc.2']])
      expect(order.reduce<string | null>((text, version) => update(text, version), null)).toBe(inOrder);
    const found = [...(inOrder ?? '').matchAll(/^## \[(.*)\]/gm)].map(([, version]) => version);
    expect(found).toEqual([...versions].reverse());
  });

  it.each([
    ['1.0.0', '1.0', 0],
    ['1.10.0', '1.9.0', 1],
    ['1.0.0-rc.1', '1.0.0', -1],
    ['1.0.0-alpha', '1.0.0-alpha.1', -1],
    ['1.0.0-alpha.1', '1.0.0-alpha.beta', -1],
    ['1.0.0-beta.2', '1.0.0-beta.11', -1],
    ['1.0.0+a', '1.0.0+b', 0],
    ['2.0.0', '10.0.0', -1],
  ])('orders %s and %s', (one, other, wanted) => {
    expect(Math.sign(compareVersions(one, other))).toBe(wanted);
    expect(Math.sign(compareVersions(other, one))).toBe(wanted === 0 ? 0 : -wanted);
  });

  it('renews its own section and no other', () => {
    const before = update(update('# Mine\n', '1.3.0'), '1.4.0');
    const after = update(before, '1.4.0', 'other');
    expect(after).toBe(
      before.replace(
        '<!-- seatrial:1.4.0 -->\n## [1.4.0] - 2026-11-30\n\n- a',
        '<!-- seatrial:1.4.0 -->\n## [1.4.0] - 2026-11-30\n\n- other',
      ),
    );
  });

  it.each([
    '## 1.4.0',
    '## v1.4.0 (2026)',
    '## [1.4.0] - today',
    '## [1.4.0](https://example.org)',
    '## Version 1.4.0',
  ])('leaves %j alone, which somebody wrote', (heading) => {
    expect(updateChangelog(`# Mine\n\n${heading}\n`, '1.4.0', section('1.4.0'))).toMatchObject({ ok: false });
    expect(updateChangelog(`# Mine\n\n${heading}\n`, '1.4', section('1.4')).ok).toBe(true);
  });

  it.each(['<!-- seatrial:1.4.0 -->', '<!-- /seatrial:1.4.0 -->', '<!-- /seatrial:1.4.0 --><!-- seatrial:1.4.0 -->'])(
    'is left alone when the comments are damaged: %s',
    (damage) => {
      expect(updateChangelog(`# Mine\n${damage}\n`, '1.4.0', section('1.4.0'))).toMatchObject({ ok: false });
    },
  );
});
