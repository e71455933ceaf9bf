import { describe, expect, it } from 'vitest';
import { blindMsBetween } from '../../src/model/blind-time.ts';
import { reconcile } from '../../src/rollout/reconcile.ts';
import { ask, begin, judge, one, type Run, two } from '../fixtures/simulated-run.ts';

const stepsSeen = (run: Run): string[] =>
  run
    .record()
    .steps.filter((progress) => progress.state !== 'pending')
    .map((progress) => `${progress.step.id} ${progress.state}`);

describe('a good release', () => {
  it.each(['canary', 'direct', 'blue-green'] as const)(
    '%s: every step is done and read back, and the revision is seen serving',
    async (kind) => {
      const run = await begin({ kind });
      expect(await run.toEnd()).toBe('succeeded');
      expect(run.world.acts[0]).toBe('provision 2.0.0');
      expect(run.world.acts).toContain('promote 2.0.0');
      expect(run.record().steps.every((progress) => progress.state === 'completed')).toBe(true);
      expect(run.record().verified).toMatchObject({ ok: true, expected: two.id, matching: 20 });
      expect(run.world.notices).toEqual(['success']);
    },
  );

  it('advances only after the bake and with a verdict that passed', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    const from = run.clock.now();
    await run.until(() => run.world.weight() === 95);
    expect(run.clock.now() - from).toBeGreaterThanOrEqual(10_000);
    const { events, decisions } = run.record();
    expect(decisions.at(-1)?.decision.action).toBe('advance');
    const before = events
      .filter((event) => event.type === 'verdict' && event.seq < (decisions.at(-1)?.seq ?? 0))
      .filter((event) => event.type === 'verdict' && event.data.verdict.metric === 'errorRate')
      .at(-1);
    expect(before?.type === 'verdict' && before.data.verdict.outcome).toBe('pass');
  });

  it('rolling waits for a person between the batches', async () => {
    const run = await begin({ kind: 'rolling' });
    await run.until(() => run.record().status === 'held');
    expect(run.world.acts.at(-1)).toBe('replace_batch 1:1');
    await run.until(() => false, 120_000).catch(() => undefined);
    expect(run.world.acts.at(-1)).toBe('replace_batch 1:1');
    ask(run, 'promote');
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.world.acts).toContain('replace_batch 0:0'.replace('0:0', '2:0'));
  });
});

describe('a bad release', () => {
  it('is rolled back by evidence, traffic first, and the way back is proven', async () => {
    const run = await begin();
    run.world.behaviour.failures.canary = 0.2;
    expect(await run.toEnd()).toBe('rolled_back');
    const back = run.world.acts.slice(run.world.acts.lastIndexOf('set_weight 0'));
    expect(back).toEqual(['set_weight 0', 'promote 1.0.0', `drain ${two.id}`, `retire ${two.id}`]);
    const record = run.record();
    expect(record.rollback).toMatchObject({ trigger: 'error-rate' });
    expect(record.rollback?.trafficRestoredAfterMs).toBeGreaterThanOrEqual(0);
    expect(record.verified).toMatchObject({ expected: one.id, ok: true });
    expect(record.exposure?.failedByRelease).toBeGreaterThan(0);
    expect(record.reason).toContain('users are on 1.0.0');
    expect(run.world.weight()).toBe(0);
  });

  it('that never had users has failed, and is taken away again', async () => {
    const run = await begin();
    run.world.behaviour.faults.set('provision', 1);
    expect(await run.toEnd()).toBe('failed');
    expect(run.record().maxWeightPercent).toBe(0);
    expect(run.record().error?.code).toBe('PROVISION_FAILED');
    expect(run.world.notices).toEqual(['failed']);
  });

  it('stops at smoke tests before users, and rolls back at smoke tests after', async () => {
    const before = await begin();
    before.world.behaviour.smoke = (on) => (on === 'candidate' ? 'failed' : 'passed');
    expect(await before.toEnd()).toBe('failed');
    expect(before.world.acts.some((act) => act === 'set_weight 5')).toBe(false);
    const after = await begin();
    after.world.behaviour.smoke = (on) => (on === 'environment' ? 'failed' : 'passed');
    expect(await after.toEnd()).toBe('rolled_back');
    expect(after.record().rollback?.trigger).toBe('smoke');
  });

  it('an unknown smoke result is no pass', async () => {
    const run = await begin();
    run.world.behaviour.smoke = (on) => (on === 'candidate' ? 'unknown' : 'passed');
    expect(await run.toEnd()).toBe('failed');
  });

  it('a crashing canary goes at once, also while a person is waited for', async () => {
    const run = await begin({ kind: 'rolling' });
    await run.until(() => run.record().status === 'held');
    for (const _ of [1, 2])
      run.world.instanceEvents.push({
        revisionId: two.id,
        instanceId: 'i',
        atMs: run.clock.now(),
        what: 'exited',
        code: 1,
        signal: null,
        excerpt: null,
      });
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback?.trigger).toBe('canary-exits');
  });

  it('rolling with every stable instance gone brings them back before users', async () => {
    const run = await begin({ kind: 'rolling', spec: { auto: true, batch: 2, finalBake: '30s' } });
    await run.until(() => run.world.acts.includes('replace_batch 2:0'));
    run.world.behaviour.failures.canary = 0.9;
    expect(await run.toEnd()).toBe('rolled_back');
    const back = run.world.acts.slice(run.world.acts.indexOf('replace_batch 2:0') + 1);
    expect(back.slice(0, 2)).toEqual(['replace_batch 0:2', 'set_weight 0']);
  });
});

describe('doubt', () => {
  it('no traffic: holds at the end of the bake, says why, and never passes', async () => {
    const run = await begin({ spec: { maxBake: '30s' } });
    run.world.behaviour.requestsPerSecond = 0;
    await run.until(() => run.record().status === 'held');
    expect(run.world.weight()).toBe(5);
    expect(run.record().reason).toMatch(/no verdict after 30s/);
    run.world.behaviour.requestsPerSecond = 400;
    expect(await run.toEnd()).toBe('succeeded');
  });

  it('a silent metrics source holds and then goes on; it does not roll back', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    Object.assign(run.world.behaviour, { metricsSilent: true, metricsProblem: 'connect ECONNREFUSED' });
    await run.until(() => run.record().status === 'held');
    const { fromMs } = run.record().holds[0] ?? { fromMs: 0 };
    expect(run.record().reason).toMatch(/metrics source simulated has not answered for more than 10s/);
    await run.clock.advance(200_000);
    // It is coming back and says something else of itself: the same outage.
    run.world.behaviour.metricsProblem = 'answered with status 503';
    await run.clock.advance(100_000);
    run.world.behaviour.metricsSilent = false;
    expect(await run.toEnd()).toBe('succeeded');
    const record = run.record();
    expect(run.world.events.filter(({ type }) => type === 'held')).toHaveLength(1);
    expect(record.holds).toHaveLength(1);
    expect(record.holds[0]).toMatchObject({ fromMs, trigger: 'metrics-source', gate: null });
    // What nobody saw is neither in the counts nor in the time of the bake.
    const bake = record.steps.find(({ step }) => step.kind === 'bake');
    const [began, ended] = [bake?.startedAtMs ?? 0, bake?.endedAtMs ?? 0];
    const blindMs = blindMsBetween(record, began, ended);
    expect(blindMs).toBeGreaterThan(310_000);
    expect(bake?.step.kind === 'bake' && ended - began - blindMs - bake.step.minMs).toBeGreaterThanOrEqual(-500);
    expect(bake?.evidence['observedMs']).toBeLessThan(ended - began - 300_000);
  });

  it('onInconclusive: abort goes back instead', async () => {
    const run = await begin({ spec: { maxBake: '30s' }, content: { judge: { ...judge, onInconclusive: 'abort' } } });
    run.world.behaviour.requestsPerSecond = 0;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback?.trigger).toBe('inconclusive');
  });

  it('a revision that is not seen serving is unverified, not a success', async () => {
    const run = await begin();
    run.world.behaviour.answersFrom = 'somebody-else';
    expect(await run.toEnd()).toBe('unverified');
  });

  it('a rollback whose traffic does not follow has failed, and says what to do by hand', async () => {
    const run = await begin();
    run.world.behaviour.failures.canary = 0.5;
    run.world.behaviour.answersFrom = two.id;
    expect(await run.toEnd()).toBe('rollback_failed');
    expect(run.record().error?.remedy).toContain('candidate gets 0 %');
    expect(run.world.notices).toContain('rollback_failed');
  });

  it('a way back that fails at first is tried again until it is done', async () => {
    const run = await begin();
    run.world.behaviour.failures.canary = 0.5;
    run.world.behaviour.faults.set('set_weight 0', 3);
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.world.acts.filter((act) => act === 'set_weight 0').length).toBe(4);
  });
});

describe('people', () => {
  it('pause keeps the weight, harm still rolls back', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    ask(run, 'pause');
    await run.until(() => run.record().status === 'held');
    await run.clock.advance(120_000);
    expect(run.world.weight()).toBe(5);
    run.world.behaviour.failures.canary = 0.5;
    expect(await run.toEnd()).toBe('rolled_back');
  });

  it('resume goes on', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    ask(run, 'pause');
    await run.until(() => run.record().status === 'held');
    ask(run, 'resume');
    expect(await run.toEnd()).toBe('succeeded');
  });

  it('promote goes past a bake, each time for that one only, and is in the record', async () => {
    const run = await begin({ spec: { maxBake: '10m' } });
    run.world.behaviour.requestsPerSecond = 0;
    await run.until(() => run.world.weight() === 5);
    await run.clock.advance(3000);
    ask(run, 'promote');
    await run.until(() => run.world.weight() === 95, 5000);
    expect(run.world.weight()).toBe(95);
    expect(run.record().decisions.at(-1)?.decision).toMatchObject({ action: 'advance', trigger: 'person' });
    await run.clock.advance(60_000);
    expect(run.ended()).toBeNull();
    ask(run, 'promote');
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.record().reason).toMatch(/UNVERIFIED/);
  });

  it('abort at every moment returns users to stable', async () => {
    for (const at of [10, 30, 500, 5000, 12_000]) {
      const run = await begin();
      await run.clock.advance(at);
      ask(run, 'abort');
      expect(await run.toEnd()).toBe('aborted');
      expect(run.world.weight()).toBe(0);
    }
  });

  it('an abort that is accepted during the last step is obeyed', async () => {
    const run = await begin({ kind: 'blue-green' });
    await run.until(() => run.world.acts.includes('promote 2.0.0'));
    ask(run, 'abort');
    const outcome = await run.toEnd();
    const [control] = run.record().controls;
    expect(control?.accepted === true ? outcome : 'refused').toBe(control?.accepted === true ? 'aborted' : 'refused');
    expect(control).toBeDefined();
  });

  it('harm that a person accepted passes the step that it broke, once; other harm freezes again', async () => {
    const run = await begin({ content: { migration: 'irreversible' } });
    run.world.behaviour.smoke = (on) => (on === 'environment' ? 'failed' : 'passed');
    await run.until(() => run.record().status === 'frozen');
    ask(run, 'promote');
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.world.events.filter((event) => event.type === 'frozen')).toHaveLength(1);

    const other = await begin({ content: { migration: 'irreversible' } });
    other.world.behaviour.failures.canary = 0.5;
    await other.until(() => other.record().status === 'frozen');
    ask(other, 'promote');
    await other.until(() => other.record().status === 'running');
    for (const _ of [1, 2])
      other.world.instanceEvents.push({
        revisionId: two.id,
        instanceId: 'i',
        atMs: other.clock.now(),
        what: 'exited',
        code: 1,
        signal: null,
        excerpt: null,
      });
    await other.until(() => other.record().status === 'frozen', 60_000);
    expect(other.record().status).toBe('frozen');
    ask(other, 'rollback');
    await other.toEnd();
    expect(other.world.weight()).toBe(0);
  });

  it('is refused while going back', async () => {
    const run = await begin();
    run.world.behaviour.failures.canary = 0.5;
    await run.until(() => run.record().status === 'rolling_back');
    ask(run, 'promote');
    await run.toEnd();
    expect(run.record().controls).toEqual([expect.objectContaining({ action: 'promote', accepted: false })]);
  });

  it('an irreversible migration freezes with users on the candidate, and a person chooses', async () => {
    for (const [choice, outcome] of [
      ['rollback', 'rolled_back'],
      ['promote', 'succeeded'],
    ] as const) {
      const run = await begin({ content: { migration: 'irreversible' } });
      run.world.behaviour.failures.canary = 0.5;
      await run.until(() => run.record().status === 'frozen');
      await run.clock.advance(30_000);
      expect(run.world.weight()).toBe(5);
      expect(run.world.notices).toEqual(['approval']);
      ask(run, choice);
      expect(await run.toEnd()).toBe(outcome);
    }
  });
});

describe('an owner that goes away', () => {
  it('stops at once when somebody else owns the target, and writes nothing more', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    run.world.behaviour.owner = false;
    await expect(run.toEnd()).rejects.toMatchObject({ code: 'LOCK_LOST' });
    const lines = run.world.events.length;
    await run.clock.advance(10_000);
    expect(run.world.events.length).toBe(lines);
  });

  it('is followed by one that rolls back a half-done rollout', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    run.world.behaviour.owner = false;
    await run.toEnd().catch(() => undefined);
    run.world.behaviour.owner = true;
    const now = reconcile(run.record(), await run.world.ports.target.inspect(new AbortController().signal));
    expect(now.act).toBe('roll_back');
    const next = await begin({}, 'roll_back', run);
    expect(await next.toEnd()).toBe('rolled_back');
    expect(next.world.weight()).toBe(0);
    expect(next.record().verified).toMatchObject({ expected: one.id, ok: true });
  });

  it('is followed by one that finishes when the candidate is already stable', async () => {
    const run = await begin();
    await run.until(() =>
      run.record().steps.some((progress) => progress.step.kind === 'promote' && progress.state === 'completed'),
    );
    run.world.behaviour.owner = false;
    await run.toEnd().catch(() => undefined);
    run.world.behaviour.owner = true;
    expect(reconcile(run.record(), await run.world.ports.target.inspect(new AbortController().signal)).act).toBe(
      'finish',
    );
    const next = await begin({}, 'finish', run);
    expect(await next.toEnd()).toBe('succeeded');
  });

  it('whose journal has lost its end is judged by what the target says', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    run.world.behaviour.owner = false;
    await run.toEnd().catch(() => undefined);
    run.world.behaviour.owner = true;
    run.world.events.splice(1);
    const observed = await run.world.ports.target.inspect(new AbortController().signal);
    expect(reconcile(run.record(), observed).act).toBe('roll_back');
    const next = await begin({}, 'roll_back', run);
    expect(await next.toEnd()).toBe('rolled_back');
    expect(next.world.weight()).toBe(0);
    expect(reconcile(run.record(), { ...observed, revisions: [] }).act).toBe('nothing');
  });

  it('does not take users back by itself over a one-way migration', async () => {
    const run = await begin({ content: { migration: 'irreversible' } });
    await run.until(() => run.world.weight() === 5);
    run.world.behaviour.owner = false;
    await run.toEnd().catch(() => undefined);
    run.world.behaviour.owner = true;
    const next = await begin({}, 'roll_back', run);
    await next.until(() => next.record().status === 'frozen');
    await next.clock.advance(20_000);
    expect(next.world.weight()).toBe(5);
    ask(next, 'rollback');
    await next.toEnd();
    expect(next.world.weight()).toBe(0);
  });

  it('tries a rollback again that had failed', async () => {
    const run = await begin();
    run.world.behaviour.failures.canary = 0.5;
    run.world.behaviour.answersFrom = two.id;
    expect(await run.toEnd()).toBe('rollback_failed');
    run.world.behaviour.answersFrom = null;
    expect(reconcile(run.record(), await run.world.ports.target.inspect(new AbortController().signal)).act).toBe(
      'roll_back',
    );
    const next = await begin({}, 'roll_back', run);
    expect(await next.toEnd()).toBe('rolled_back');
    expect(next.record().outcome).toBe('rolled_back');
  });

  it('that never began is closed without a change', async () => {
    const run = await begin({}, 'close');
    expect(await run.toEnd()).toBe('aborted');
    expect(run.world.acts).toEqual([]);
  });

  it('without a journal there is no forward step, and the way back is still walked', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    run.world.behaviour.journalWritable = false;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.world.acts.filter((act) => act === 'set_weight 95' || act === 'set_weight 100')).toEqual([]);
  });

  it('steps are written before they are done', async () => {
    const run = await begin();
    await run.until(() => run.world.acts.includes('set_weight 5'));
    expect(stepsSeen(run)).toContain('03-set-weight-5 running');
  });
});
