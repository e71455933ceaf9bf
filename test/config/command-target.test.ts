import { describe, expect, test } from 'vitest';
import { explainEnvironment } from '../../src/config/explain.ts';
import { parseConfig } from '../../src/config/load-config.ts';

function configOf(target: string, rest = '    metrics: { source: prober }'): string {
  return `version: 1
service: shop
environments:
  production:
    url: https://shop.example
    target:
      kind: command
      revisionHeader: { name: x-version }
${target}
${rest}
`;
}

function mistakesOf(text: string): string {
  try {
    parseConfig(text);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  throw new Error('this was accepted');
}

const commands = '      commands: { inspect: { argv: [ops/inspect] }, promote: { argv: [ops/deploy, "{commit}"] } }';

describe('a target of commands in the config', () => {
  test('says in words what it can do', () => {
    const { summary } = explainEnvironment({ ...parseConfig(configOf(commands)), enrolled: false });
    expect(summary).toContain(
      'Target: programs of yours, 1 instance(s) of a revision: inspect by `ops/inspect`; promote by `ops/deploy {commit}`. Users are moved only by making a revision stable.',
    );
  });

  test('needs a source of measurements, for there is no proxy that counts', () => {
    expect(mistakesOf(configOf(commands, ''))).toMatch(
      /metrics\.source: must be chosen: a command target has no proxy that counts; there is prober, prometheus/,
    );
  });

  test('refuses what would be passed over in silence', () => {
    const prepared = '    metrics: { source: prober }\n    revision: { prepare: [[npm, ci]] }';
    expect(mistakesOf(configOf(commands, prepared))).toMatch(/revision\.prepare: is not run for a command target/);
    expect(mistakesOf(configOf('      commands: { setWeight: { argv: [x] } }'))).toMatch(/did you mean "set_weight"/);
    expect(mistakesOf(configOf('      commands: { promote: { argv: [deploy, "v{version}"] } }'))).toMatch(
      /commands\.promote\.argv\[1\]: \{version\} must be a whole argument/,
    );
  });
});
