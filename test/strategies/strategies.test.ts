import { describe, expect, it } from 'vitest';
import { type StrategySpec, strategySchema } from '../../src/model/config/strategy.ts';
import { renderStep, type Step } from '../../src/model/step.ts';
import type { Capabilities } from '../../src/model/target.ts';
import { findStrategy, strategies } from '../../src/strategies/list.ts';
import { planWayBack } from '../../src/strategies/plan-way-back.ts';
import { fullCapabilities } from '../fixtures/full-capabilities.ts';
import { createRevision } from '../fixtures/revisions.ts';

const one = createRevision('1.0.0');
const two = createRevision('2.0.0');
const everything: Capabilities = { ...fullCapabilities, instances: 3 };

function plan(
  spec: StrategySpec,
  overrides: { capabilities?: Partial<Capabilities>; stable?: null } = {},
): { steps: string[]; ids: string[] } | { reasons: string[] } {
  const result = findStrategy(spec.kind)?.plan({
    spec,
    capabilities: { ...everything, ...overrides.capabilities },
    revision: two,
    stable: overrides.stable === null ? null : one,
    instances: 3,
    drainMs: 30_000,
  });
  if (result === undefined) throw new Error(`no strategy ${spec.kind}`);
  return result.ok
    ? { steps: result.steps.map(short), ids: result.steps.map((step) => step.id) }
    : { reasons: result.reasons };
}

function short(step: Step): string {
  const rest: Record<string, unknown> = { ...step, revision: 'revision' in step ? step.revision.version : undefined };
  return Object.entries(rest)
    .filter(([key, value]) => key !== 'id' && value !== undefined)
    .map(([, value]) => value)
    .join(' ');
}

describe('strategies', () => {
  it('canary: the seeds’ weights and times by default', () => {
    const result = plan(strategySchema.parse({ kind: 'canary' }));
    expect(result).toEqual({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'set_weight 5',
        'bake 5 600000 7200000',
        'set_weight 25',
        'bake 25 600000 7200000',
        'set_weight 50',
        'bake 50 600000 7200000',
        'set_weight 95 5',
        'bake 95 1800000 7200000',
        'set_weight 100',
        'smoke environment',
        'promote 2.0.0 0',
        'drain 1.0.0 30000',
        'retire 1.0.0',
      ],
      ids: expect.arrayContaining(['01-provision', '03-set-weight-5', '04-bake-5', '09-set-weight-95', '15-retire']),
    });
  });

  it('canary: what is held back is said plainly, follows before the environment is tested, and can be off', () => {
    const lines = (spec: Record<string, unknown>): string[] => {
      const result = findStrategy('canary')?.plan({
        spec: strategySchema.parse({ kind: 'canary', steps: [{ weight: '100%', bake: '1m' }], ...spec }),
        capabilities: everything,
        revision: two,
        stable: one,
        instances: 2,
        drainMs: 1000,
      });
      return result?.ok ? result.steps.map(renderStep).slice(2, 6) : [];
    };
    expect(lines({})).toEqual([
      'candidate gets 95 % of users; 5 % stays on stable to compare with until this watch is over',
      'watch at 95 % for 1m (at most 2h)',
      'candidate gets 100 % of users',
      'smoke tests on the environment',
    ]);
    expect(lines({ holdBack: '0.5%' })[0]).toBe(
      'candidate gets 99.5 % of users; 0.5 % stays on stable to compare with until this watch is over',
    );
    expect(lines({ holdBack: '0%' })).toEqual([
      'candidate gets 100 % of users',
      'watch at 100 % for 1m (at most 2h)',
      'smoke tests on the environment',
      '2.0.0 becomes stable',
    ]);
  });

  it('blue-green: blue stays as standby for 24 h and is not retired by the run', () => {
    expect(plan(strategySchema.parse({ kind: 'blue-green' }))).toMatchObject({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'set_weight 100',
        'bake 100 900000 7200000',
        'smoke environment',
        'promote 2.0.0 86400000',
      ],
    });
  });

  it('rolling: one at a time, a person between the batches', () => {
    expect(plan(strategySchema.parse({ kind: 'rolling', bake: '1s', finalBake: '2s', maxBake: '1m' }))).toMatchObject({
      steps: [
        'provision 2.0.0 1',
        'smoke candidate',
        'replace_batch 2.0.0 1 2',
        'bake 33.33 1000 60000',
        'approve batch-1-of-3',
        'replace_batch 2.0.0 2 1',
        'bake 66.67 1000 60000',
        'approve batch-2-of-3',
        'replace_batch 2.0.0 3 0',
        'bake 100 2000 60000',
        'smoke environment',
        'promote 2.0.0 0',
        'drain 1.0.0 30000',
        'retire 1.0.0',
      ],
    });
  });

  it('rolling with auto: verdicts instead of a person', () => {
    const result = plan(strategySchema.parse({ kind: 'rolling', auto: true, batch: 2 }));
    expect('steps' in result && result.steps.filter((step) => step.startsWith('approve'))).toEqual([]);
    expect('steps' in result && result.steps.filter((step) => step.startsWith('replace_batch'))).toEqual([
      'replace_batch 2.0.0 2 1',
      'replace_batch 2.0.0 3 0',
    ]);
  });

  it('direct works where nothing serves yet; the others say why not', () => {
    expect(plan(strategySchema.parse({ kind: 'direct' }), { stable: null })).toMatchObject({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'set_weight 100',
        'bake 100 900000 7200000',
        'smoke environment',
        'promote 2.0.0 0',
      ],
    });
    for (const kind of ['canary', 'blue-green', 'rolling'] as const) {
      expect(plan(strategySchema.parse({ kind }), { stable: null })).toEqual({
        reasons: [expect.stringContaining('nothing serves yet')],
      });
    }
  });

  it('a capability that the target lacks is a reason, never a silent no-op', () => {
    expect(plan(strategySchema.parse({ kind: 'canary' }), { capabilities: { traffic: 'none' } })).toEqual({
      reasons: ['the target process cannot split traffic'],
    });
    expect(plan(strategySchema.parse({ kind: 'rolling' }), { capabilities: { batches: false } })).toEqual({
      reasons: ['the target process cannot replace instances one by one'],
    });
    expect(plan(strategySchema.parse({ kind: 'blue-green' }), { capabilities: { standby: false } })).toEqual({
      reasons: ['the target process cannot keep a standby'],
    });
  });

  it('direct promotes first where users come along only then, and watches afterwards', () => {
    const spec = strategySchema.parse({ kind: 'direct' });
    const lacking = { traffic: 'none', provision: false, drain: false, retire: false } as const;
    expect(plan(spec, { capabilities: lacking })).toMatchObject({
      steps: ['promote 2.0.0 0', 'smoke environment', 'bake 100 900000 7200000'],
    });
    expect(plan(spec, { capabilities: { traffic: 'none', drain: false } })).toMatchObject({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'promote 2.0.0 0',
        'smoke environment',
        'bake 100 900000 7200000',
        'retire 1.0.0',
      ],
    });
    // All at once, and nobody to take them from yet.
    expect(plan(spec, { capabilities: { traffic: 'whole' }, stable: null })).toMatchObject({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'promote 2.0.0 0',
        'smoke environment',
        'bake 100 900000 7200000',
      ],
    });
    expect(plan(spec, { capabilities: { provision: false } })).toEqual({
      reasons: ['the target process cannot start the candidate beside the stable revision'],
    });
    expect(plan(spec, { capabilities: { ...lacking, promote: false } })).toEqual({
      reasons: ['the target process cannot make a revision stable'],
    });
  });

  it('users that move all at once make blue-green, and no canary; what cannot be drained or retired is left out', () => {
    const capabilities = { traffic: 'whole', drain: false, retire: false } as const;
    expect(plan(strategySchema.parse({ kind: 'canary' }), { capabilities })).toEqual({
      reasons: ['the target process cannot split traffic'],
    });
    expect(plan(strategySchema.parse({ kind: 'blue-green', standby: '0s' }), { capabilities })).toMatchObject({
      steps: [
        'provision 2.0.0 3',
        'smoke candidate',
        'set_weight 100',
        'bake 100 900000 7200000',
        'smoke environment',
        'promote 2.0.0 0',
      ],
    });
  });

  it.each([
    ['canary', { traffic: 'none' }, /add target\.commands\.set_weight; or use strategy direct/],
    ['canary', { traffic: 'whole' }, /add target\.commands\.set_weight; or use strategy direct or blue-green/],
    ['blue-green', { traffic: 'none' }, /add target\.commands\.cutover or set_weight.*set strategy\.standby: 0s/],
    ['rolling', {}, /^use strategy direct/],
    ['direct', { promote: false }, /^add target\.commands\.promote$/],
  ] as const)('tells a target of commands what would make %s work', (kind, lacking, remedy) => {
    const capabilities = { ...everything, targetKind: 'command', batches: false, standby: false, ...lacking };
    const result = findStrategy(kind)?.plan({
      spec: strategySchema.parse({ kind }),
      capabilities,
      revision: two,
      stable: one,
      instances: 1,
      drainMs: 0,
    });
    expect(result).toMatchObject({ ok: false, remedy: expect.stringMatching(remedy) });
  });

  it('has a line for people about each strategy and each step', () => {
    for (const strategy of strategies) {
      expect(strategy.whenToUse.length).toBeGreaterThan(10);
      const result = strategy.plan({
        spec: strategySchema.parse({ kind: strategy.kind }),
        capabilities: everything,
        revision: two,
        stable: one,
        instances: 2,
        drainMs: 1000,
      });
      expect(
        result.ok && result.steps.map(renderStep).every((line) => line.length > 10 && !line.includes('undefined')),
      ).toBe(true);
    }
  });
});

describe('the way back', () => {
  it('moves traffic first and waits for the candidate last', () => {
    const steps = planWayBack({
      candidate: two,
      stable: one,
      instances: 3,
      drainMs: 5000,
      capabilities: everything,
      replacesInstances: false,
    });
    expect(steps.map(short)).toEqual([
      'set_weight 0',
      'promote 1.0.0 0',
      'smoke environment',
      'drain 2.0.0 5000',
      'retire 2.0.0',
    ]);
  });

  it('is "down" when nothing served before', () => {
    const steps = planWayBack({
      candidate: two,
      stable: null,
      instances: 3,
      drainMs: 5000,
      capabilities: everything,
      replacesInstances: false,
    });
    expect(steps.map(short)).toEqual(['set_weight 0', 'drain 2.0.0 5000', 'retire 2.0.0']);
  });

  it('promotes the former revision where users cannot be moved by themselves; without one there is none', () => {
    const capabilities = { traffic: 'none', drain: false, retire: false } as const;
    const request = { candidate: two, instances: 1, drainMs: 0, capabilities, replacesInstances: false };
    expect(planWayBack({ ...request, stable: one }).map(short)).toEqual(['promote 1.0.0 0', 'smoke environment']);
    expect(planWayBack({ ...request, stable: null })).toEqual([]);
    expect(planWayBack({ ...request, capabilities: { ...everything, traffic: 'whole' }, stable: null })).toEqual([]);
  });

  it('brings replaced instances back', () => {
    const steps = planWayBack({
      candidate: two,
      stable: one,
      instances: 3,
      drainMs: 5000,
      capabilities: everything,
      replacesInstances: true,
    });
    expect(steps.map((step) => step.kind)).toEqual([
      'set_weight',
      'replace_batch',
      'promote',
      'smoke',
      'drain',
      'retire',
    ]);
  });
});
