import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRawDeploys } from '../../../src/operations/hook/find-raw-deploys.ts';
import { caughtCases, passedCases } from './raw-deploy-cases.ts';

const rules = {
  deployBranches: ['production', 'prod', 'release/*'],
  branch: 'production',
  tagForms: ['v{version}', 'rel-{version}'],
  deployCommands: [
    ['make', 'deploy'],
    ['./scripts/ship.sh', 'production'],
  ],
};
const onMain = { ...rules, branch: 'main' };

function found(command: string, given = rules): string | null {
  const [first] = findRawDeploys(command, given);
  return first === undefined ? null : `${first.certain ? '' : '?'}${first.rule}`;
}

describe('a raw deploy', () => {
  it.each(caughtCases)('is found: %s', (command, rule) => {
    expect(found(command)).toBe(rule);
  });
  it.each(passedCases)('is not found: %s', (command) => {
    expect(found(command, onMain)).toBeNull();
  });

  it('is shown by its program and sub-command alone, whatever secrets stand behind them', () => {
    const [one] = findRawDeploys('kubectl set env deploy/x TOKEN=hunter2hunter2', rules);
    expect(one).toMatchObject({ shown: 'kubectl set', kind: 'deploy', certain: true });
    expect(findRawDeploys('git push origin v1.0.0', rules)[0]).toMatchObject({ kind: 'release-tag' });
  });

  it('is counted once for each rule and word', () => {
    const twice = findRawDeploys('kubectl apply -f a && kubectl apply -f b; helm upgrade x .', rules);
    expect(twice.map(({ shown }) => shown)).toEqual(['kubectl apply', 'helm upgrade']);
  });

  it('is looked for in any text without an error, and in bounded time', () => {
    const pieces = fc.constantFrom(
      ...[
        'kubectl',
        'apply',
        '$(',
        ')',
        '"',
        "'",
        '`',
        '<<EOF\n',
        '\nEOF\n',
        '|',
        '&&',
        '(',
        '{',
        '}',
        'bash -c',
        '$X',
        '\\',
        ';',
      ],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), (parts) => {
        expect(Array.isArray(findRawDeploys(parts.join(' '), rules))).toBe(true);
      }),
      { numRuns: 500 },
    );
    for (const hostile of ['$('.repeat(5000), '('.repeat(20_000), 'a;'.repeat(30_000), 'bash -c "'.repeat(500)])
      expect(findRawDeploys(hostile, rules)).toEqual([]);
  });

  it('is still found in a text that is too long to be read, by its words', () => {
    expect(found(`${'x '.repeat(50_000)}; kubectl apply -f x`)).toBe('?kubectl');
  });
});
