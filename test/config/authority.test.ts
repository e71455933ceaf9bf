import { describe, expect, it } from 'vitest';
import { authorityOf, fileNamesIn, runsInCheckout } from '../../src/config/authority.ts';
import { diffAuthority, renderAuthority, renderAuthorityDiff } from '../../src/config/authority-text.ts';
import { parseConfig } from '../../src/config/load-config.ts';

const base = `version: 1
service: shop
environments:
  production:
    url: http://127.0.0.1:9
    target: { kind: process, command: [node, server.mjs], instances: 2 }
    revision: { prepare: [[npm, ci]], env: { pass: [DATABASE], file: .env, set: { MODE: x } } }
    strategy: { kind: canary, steps: [{ weight: 10%, bake: 10s }, { weight: 100%, bake: 10s }] }
    metrics: { source: prometheus, url: "http://prometheus:9090", match: 'v="{{version}}"', template: traefik, headersFromEnv: { authorization: TOKEN } }
    smoke: [{ name: deep, command: [sh, ./smoke.sh, --config=check.yml, "two words"] }]
    gates: { evidence: { tests: { url: "https://ci.example/ok" }, security: { command: [./audit.sh] } }, allowFriday: true }
    notify: [{ webhook: "https://hooks.example/T0" }, { command: [./tell.sh] }, { file: notices.jsonl }]
    approval: { how: terminal }
`;
const of = (text: string) => authorityOf(parseConfig(text).config);
const changed = (from: string, to: string): string[] => {
  expect(base).toContain(from);
  return diffAuthority(of(base), of(base.replace(from, to))).map(({ at }) => at);
};

describe('what a configuration may do', () => {
  it('lists every program, address, variable, file and rule with its place', () => {
    const places = new Map(of(base).map(({ at, kind, value }) => [at, `${kind} ${value}`]));
    expect(Object.fromEntries(places)).toMatchObject({
      'production.target.command': 'runs ["node","server.mjs"]',
      'production.revision.prepare[0]': 'runs ["npm","ci"]',
      'production.smoke[0].command': 'runs ["sh","./smoke.sh","--config=check.yml","two words"]',
      'production.gates.evidence.security.command': 'runs ["./audit.sh"]',
      'production.notify[1].command': 'runs ["./tell.sh"]',
      'production.url': 'contacts "http://127.0.0.1:9"',
      'production.metrics.url': 'contacts "http://prometheus:9090"',
      'production.gates.evidence.tests.url': 'contacts "https://ci.example/ok"',
      'production.notify[0].webhook': 'contacts "https://hooks.example/T0"',
      'production.revision.env.pass': 'variables ["DATABASE"]',
      'production.revision.env.file': 'variables ".env"',
      'production.revision.env.set.MODE': 'variables "x"',
      'production.metrics.headersFromEnv.authorization': 'variables "TOKEN"',
      'production.notify[2].file': 'files "notices.jsonl"',
      'production.gates.allowFriday': 'rules true',
      'production.approval.how': 'rules "terminal"',
      'production.judge.alphaRollback': 'rules 0.01',
    });
  });

  it('has the rules for agents where they differ from the usual ones', () => {
    const places = (text: string) => of(text).filter(({ at }) => at.startsWith('agent.'));
    expect(places(`${base}agent: { rawDeploys: ask }\n`)).toEqual([]);
    expect(places(`${base}agent: { rawDeploys: warn, deployBranches: [] }\n`)).toEqual([
      { kind: 'rules', at: 'agent.deployBranches', value: '[]' },
      { kind: 'rules', at: 'agent.rawDeploys', value: '"warn"' },
    ]);
  });

  it.each([
    ['node, server.mjs', 'node, other.mjs', 'production.target.command'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:8', 'production.url'],
    ['https://hooks.example/T0', 'https://evil.example/T0', 'production.notify[0].webhook'],
    ['pass: [DATABASE]', 'pass: [DATABASE, AWS_SECRET_ACCESS_KEY]', 'production.revision.env.pass'],
    ['authorization: TOKEN', 'authorization: OTHER', 'production.metrics.headersFromEnv.authorization'],
    ['MODE: x', 'MODE: y', 'production.revision.env.set.MODE'],
    ['allowFriday: true', 'allowFriday: false', 'production.gates.allowFriday'],
    ['how: terminal', 'how: none', 'production.approval.how'],
    ['"two words"', '"two", "words"', 'production.smoke[0].command'],
    ['template: traefik', 'template: haproxy', 'production.metrics.template'],
  ])('asks again when %s becomes %s', (from, to, at) => {
    expect(changed(from, to)).toEqual([at]);
  });

  it('asks again for an environment that was added, key by key', () => {
    const more = `${base}  staging: { url: "http://127.0.0.1:7", target: { kind: process, command: [sh, -c, x] } }\n`;
    const places = diffAuthority(of(base), of(more)).map(({ at }) => at);
    expect(places).toContain('staging.target.command');
    expect(places.every((at) => at.startsWith('staging.'))).toBe(true);
  });

  it('does not ask for the pace of a rollout, for numbers of instances, or for comments', () => {
    expect(changed('weight: 10%, bake: 10s', 'weight: 20%, bake: 1h')).toEqual([]);
    expect(changed('instances: 2', 'instances: 3')).toEqual([]);
    expect(changed('service: shop\n', 'service: shop # ours\n')).toEqual([]);
  });

  it('knows which files may be meant, and what runs from a checkout of the approved commit', () => {
    expect(fileNamesIn(of(base))).toEqual(
      expect.arrayContaining(['./smoke.sh', 'check.yml', './audit.sh', './tell.sh', '.env']),
    );
    expect(fileNamesIn(of(base))).not.toContain('server.mjs');
    expect(['a.target.command', 'a.target.instanceCommands.stop', 'a.revision.prepare[3]'].map(runsInCheckout)).toEqual(
      [true, true, true],
    );
    for (const at of ['a.target.commands.inspect.argv', 'a.smoke[0].command', 'a.x.target.command'])
      expect(runsInCheckout(at)).toBe(false);
  });

  it('is shown argument by argument, with nothing that hides or moves text', () => {
    const hostile = base.replace('"two words"', JSON.stringify('a\u202e\u0007\u001b[2Kb\nc\u200b'));
    const text = renderAuthority(of(hostile));
    expect(text).toContain('"sh" "./smoke.sh" "--config=check.yml" "a\\u202e\\u0007\\u001b[2Kb\\nc\\u200b"');
    expect(text.replace(/\n/g, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).toContain('production.target.command  "node" "server.mjs"   (in a checkout of the commit');
    expect(text).toMatch(/gates: .*minFreeDisk 500MiB.*rehearsedWithin 90d/);
    expect(text).toMatch(/triggers: .*errorRate\.above 0\.02.*restarts\.moreThan 3, restarts\.within 5m/);
    const diff = renderAuthorityDiff(diffAuthority(of(base), of(hostile)));
    expect(diff.split('\n')).toHaveLength(2);
    expect(diff).toMatch(/^ {2}- production\.smoke\[0\]\.command {2}.*"two words"\n {2}\+ .*\\u202e/);
  });
});
