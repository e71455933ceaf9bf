import { describe, expect, it } from 'vitest';
import { assessHardRules, type HardRuleInput } from '../../src/analysis/hard-rules.ts';
import type { Arm } from '../../src/model/metric-source.ts';
import type { InstanceEvent } from '../../src/model/traffic.ts';
import { settings } from './judge-fixture.ts';

type Life = InstanceEvent & { arm: Arm };
const event = (what: InstanceEvent['what'], atMs: number, more: Partial<Life> = {}): Life => ({
  revisionId: 'r2',
  instanceId: 'i1',
  atMs,
  what,
  code: null,
  signal: null,
  excerpt: null,
  arm: 'canary',
  ...more,
});
const assess = (input: Partial<HardRuleInput>) =>
  assessHardRules({ events: [], wrongRevision: 0, rules: settings.hardRules, nowMs: 100_000, instances: 2, ...input });
const triggers = (input: Partial<HardRuleInput>): string[] => assess(input).map((rule) => rule.trigger);

describe('hard rules', () => {
  it('are silent while nothing happens, and while instances start', () => {
    expect(assess({})).toEqual([]);
    expect(assess({ events: [event('started', 1), event('started', 2, { instanceId: 'i2' })] })).toEqual([]);
    expect(assess({ events: [event('ready', 1), event('stopped', 2)] })).toEqual([]);
  });

  it('two exits of the candidate within a minute, while the baseline has none', () => {
    const exits = [event('exited', 97_000, { code: 1 }), event('exited', 99_000, { code: 3 })];
    expect(assess({ events: exits })).toEqual([
      {
        trigger: 'canary-exits',
        sentence: 'the candidate exited 2 times within 1m, the baseline never (last exit code 3)',
      },
    ]);
    expect(triggers({ events: [...exits, event('exited', 98_000, { arm: 'baseline', revisionId: 'r1' })] })).toEqual(
      [],
    );
    expect(triggers({ events: exits, nowMs: 158_000 })).not.toContain('canary-exits');
    expect(triggers({ events: exits, rules: { ...settings.hardRules, canaryExits: null } })).toEqual([]);
  });

  it('more than three restarts in five minutes', () => {
    const exits = [1, 2, 3, 4].map((index) => event('exited', index * 20_000, { instanceId: `i${index}` }));
    const ready = [1, 2].map((index) => event('ready', 90_000, { instanceId: `n${index}` }));
    const rules = { ...settings.hardRules, canaryExits: null };
    expect(triggers({ events: [...exits, ...ready], rules })).toEqual(['crash-loop']);
    expect(triggers({ events: [...exits.slice(1), ...ready], rules })).toEqual([]);
    expect(triggers({ events: [event('gave_up', 1)] })).toContain('crash-loop');
  });

  it('a kill for memory, which is one death with its exit', () => {
    const death = [event('oom', 95_000), event('exited', 95_100, { code: 137 })];
    expect(triggers({ events: death, instances: 9 })).toEqual(['oom']);
    expect(triggers({ events: death, instances: 9, rules: { ...settings.hardRules, oom: false } })).toEqual([]);
  });

  it('more than half of the instances unhealthy', () => {
    const both = [event('ready', 1), event('ready', 1, { instanceId: 'i2' })];
    const one = [...both, event('unhealthy', 2)];
    expect(triggers({ events: one })).toEqual([]);
    expect(assess({ events: [...one, event('unhealthy', 3, { instanceId: 'i2' })] })).toEqual([
      { trigger: 'unhealthy', sentence: '2 of 2 instances of the candidate are unhealthy' },
    ]);
    expect(triggers({ events: [...one, event('unhealthy', 3, { instanceId: 'i2' }), event('ready', 4)] })).toEqual([]);
  });

  it('an instance that exited counts as unhealthy only when it stays away', () => {
    const events = [event('ready', 1), event('exited', 90_000), event('started', 90_100)];
    expect(triggers({ events, instances: 1, nowMs: 94_000 })).toEqual([]);
    expect(triggers({ events, instances: 1, nowMs: 95_000 })).toEqual(['unhealthy']);
    expect(triggers({ events: [...events, event('ready', 91_000, { instanceId: 'i2' })], instances: 1 })).toEqual([]);
  });

  it('an answer from another version', () => {
    expect(assess({ wrongRevision: 1 })).toEqual([
      { trigger: 'wrong-revision', sentence: '1 answer of the candidate named another version' },
    ]);
    expect(assess({ wrongRevision: 1, rules: { ...settings.hardRules, wrongRevision: false } })).toEqual([]);
  });
});
