import { describe, expect, it } from 'vitest';
import { listUnverified } from '../../src/report/report-unverified.ts';
import type { ProbeBehaviour } from '../fixtures/simulated-probes.ts';
import { ask, begin, judge, type Run } from '../fixtures/simulated-run.ts';

describe('too few requests', () => {
  const synthetic = { path: '/', perSecond: 20, timeoutMs: 1000, share: 0.5, counts: false };
  const raising = { ...judge, raiseWeight: { upToPercent: 25, blastBudget: 100 } };
  const slow = {
    steps: [
      { weight: '1%', bake: '10s' },
      { weight: '50%', bake: '10s' },
      { weight: '100%', bake: '10s' },
    ],
  };
  const raisedOf = (run: Run) =>
    run.world.events.flatMap((event) => (event.type === 'weight_raised' ? [event.data] : []));

  it('raise the weight inside the budget, once a bake and within the next step, and the record shows it', async () => {
    const run = await begin({ spec: slow, content: { judge: raising } });
    run.world.behaviour.requestsPerSecond = 10;
    await run.until(() => run.world.weight() > 1 && raisedOf(run).some(({ done }) => done));
    const [asked, done] = raisedOf(run);
    expect(asked).toMatchObject({ stepId: '04-bake-1', done: false, fromPercent: 1 });
    expect(done).toMatchObject({ done: true, weightPercent: asked?.weightPercent });
    expect(asked?.weightPercent).toBeGreaterThan(1.2);
    expect(asked?.weightPercent).toBeLessThanOrEqual(25);
    expect(run.world.weight()).toBe(asked?.weightPercent);
    expect(run.record()).toMatchObject({ weightPercent: asked?.weightPercent, maxWeightPercent: asked?.weightPercent });
    const counted = run.record().counts.at(-1)?.weightPercent;
    await run.clock.advance(5000);
    expect(run.record().counts.at(-1)?.weightPercent).toBe(asked?.weightPercent);
    expect(counted).toBeDefined();
    await run.toEnd(7_200_000).catch(() => undefined);
    expect(raisedOf(run).filter(({ stepId }) => stepId === '04-bake-1')).toHaveLength(2);
  });

  it('do not raise it where nobody wants that, where it is paused, or where evidence comes in time', async () => {
    const unasked = await begin({ spec: slow });
    unasked.world.behaviour.requestsPerSecond = 10;
    await unasked.clock.advance(300_000);
    expect(unasked.world.weight()).toBe(1);
    const paused = await begin({ spec: slow, content: { judge: raising } });
    paused.world.behaviour.requestsPerSecond = 10;
    await paused.until(() => paused.world.weight() === 1);
    ask(paused, 'pause');
    await paused.clock.advance(300_000);
    expect(paused.world.weight()).toBe(1);
    const busy = await begin({ content: { judge: raising } });
    expect(await busy.toEnd()).toBe('succeeded');
    expect(raisedOf(busy)).toEqual([]);
  });

  it('a raise that the target refuses takes users back, as a step would', async () => {
    const run = await begin({ spec: slow, content: { judge: raising } });
    run.world.behaviour.requestsPerSecond = 10;
    await run.until(() => run.world.weight() === 1);
    run.world.behaviour.faults.set('set_weight', 1);
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback?.trigger).toBe('step-failed');
  });

  it('harm after a raise still rolls back', async () => {
    const run = await begin({ spec: slow, content: { judge: raising } });
    run.world.behaviour.requestsPerSecond = 10;
    await run.until(() => run.world.weight() > 1);
    run.world.behaviour.failures.canary = 0.5;
    expect(await run.toEnd()).toBe('rolled_back');
  });

  it('are helped by synthetic requests only where the config lets those count', async () => {
    const probes = (): ProbeBehaviour => ({ perSecond: 20, failures: { canary: 0, baseline: 0 }, dead: false });
    const judged = (counts: boolean) => ({ judge: { ...judge, synthetic: { ...synthetic, counts } } });
    const spec = { maxBake: '60s' };
    const counting = await begin({ spec, content: judged(true), probes: probes() });
    counting.world.behaviour.requestsPerSecond = 0;
    expect(await counting.toEnd()).toBe('succeeded');
    const [first] = counting.record().decisions;
    expect(first?.decision.reason).toMatch(/^proven by synthetic requests only: synthetic requests: .*; of users: /);
    expect(counting.record().reason).toMatch(/error rate is UNVERIFIED/);
    // They are a stratum of their own: no user is made up of them.
    expect(counting.record().counts.every((point) => point.stratum === 'user' && point.canary.requests === 0)).toBe(
      true,
    );
    expect(counting.record().exposure).toMatchObject({ canary: { requests: 0 } });

    const seeing = await begin({ spec, content: judged(false), probes: probes() });
    seeing.world.behaviour.requestsPerSecond = 0;
    await seeing.until(() => seeing.record().status === 'held');
    expect(seeing.world.weight()).toBe(5);
    expect(seeing.record().verdicts.find(({ metric }) => metric === 'errorRate:synthetic')).toMatchObject({
      outcome: 'pass',
      sentence: expect.stringMatching(/^synthetic requests: /),
    });
  });

  it('harm among synthetic requests rolls back, and their silence holds nothing', async () => {
    const content = { judge: { ...judge, synthetic: { ...synthetic, counts: false } } };
    const failing: ProbeBehaviour = { perSecond: 20, failures: { canary: 0.5, baseline: 0 }, dead: false };
    const bad = await begin({ content, probes: failing });
    bad.world.behaviour.requestsPerSecond = 1;
    expect(await bad.toEnd()).toBe('rolled_back');
    expect(bad.record().rollback?.trigger).toBe('error-rate:synthetic');
    const dead = await begin({ content, probes: { ...failing, dead: true } });
    expect(await dead.toEnd()).toBe('succeeded');
    expect(dead.record().holds).toEqual([]);
  });

  it('onInconclusive: ask holds at a gate, where a person lets it go on', async () => {
    const run = await begin({ spec: { maxBake: '30s' }, content: { judge: { ...judge, onInconclusive: 'ask' } } });
    run.world.behaviour.requestsPerSecond = 0;
    await run.until(() => run.record().status === 'held');
    expect(run.record().holds.at(-1)).toMatchObject({ gate: '04-bake-5' });
    expect(run.record().reason).toMatch(/a person decides whether it goes on/);
    await run.clock.advance(120_000);
    expect(run.world.weight()).toBe(5);
    expect(run.world.events.filter((event) => event.type === 'held').length).toBeLessThan(10);
    ask(run, 'promote');
    await run.until(() => run.world.weight() === 99);
    expect(run.record().decisions.at(-1)?.decision).toMatchObject({ action: 'advance', trigger: 'person' });
  });

  it('onInconclusive: ask asks for an approval once, also when a person had paused the run before', async () => {
    const run = await begin({ spec: { maxBake: '30s' }, content: { judge: { ...judge, onInconclusive: 'ask' } } });
    run.world.behaviour.requestsPerSecond = 0;
    await run.until(() => run.world.weight() === 5);
    ask(run, 'pause');
    await run.until(() => run.record().status === 'held');
    expect(run.world.notices).toEqual(['held']);
    await run.clock.advance(40_000);
    ask(run, 'resume');
    await run.until(() => run.record().holds.at(-1)?.gate === '04-bake-5');
    await run.clock.advance(70_000);
    expect(run.world.notices).toEqual(['held', 'approval']);
  });

  it('onInconclusive: promote goes on without proof, and every reader is told', async () => {
    const run = await begin({ spec: { maxBake: '30s' }, content: { judge: { ...judge, onInconclusive: 'promote' } } });
    run.world.behaviour.requestsPerSecond = 2;
    expect(await run.toEnd()).toBe('succeeded');
    const unproven = run.record().decisions.filter(({ decision }) => decision.trigger === 'unproven');
    expect(unproven.map(({ stepId }) => stepId)).toEqual(['04-bake-5', '06-bake-95']);
    expect(run.record().reason).toMatch(/UNVERIFIED.*promoted without proof at 04-bake-5, 06-bake-95/);
    expect(listUnverified(run.record(), [])).toContainEqual({
      what: 'Step 04-bake-5',
      why: expect.stringMatching(/^promoted without proof/),
      events: [unproven[0]?.seq],
    });
  });

  it('onInconclusive: promote holds where no smoke test has passed', async () => {
    const run = await begin({ spec: { maxBake: '30s' }, content: { judge: { ...judge, onInconclusive: 'promote' } } });
    run.world.behaviour.requestsPerSecond = 0;
    run.world.behaviour.smoke = () => 'skipped';
    await run.until(() => run.record().status === 'held');
    expect(run.record().reason).toMatch(/not promoted without proof either: no smoke test of the candidate passed/);
    await run.clock.advance(120_000);
    expect(run.world.weight()).toBe(5);
  });
});
