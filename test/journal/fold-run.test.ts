import { describe, expect, it } from 'vitest';
import { replayRun } from '../../src/journal/fold-run.ts';
import type { CheckResult } from '../../src/model/check.ts';
import type { RecordedEvent, RunEvent } from '../../src/model/run-event.ts';
import type { Step } from '../../src/model/step.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { createRevision } from '../fixtures/revisions.ts';
import { createPlan, runId } from './journal-fixtures.ts';

const plan = createPlan();
const [provision, smoke, weight5, bake5, promote] = plan.content.steps;

/** Event number n happens at 1000·n ms. */
function record(events: RunEvent[]): RecordedEvent[] {
  return events.map((event, seq) => ({ ...event, seq, atMs: seq * 1000, gen: 1 }));
}

function fold(events: RunEvent[]) {
  return replayRun(record(events), null, runId);
}

const started: RunEvent = { type: 'run_started', data: { plan, requester: 'tester', dryRun: false } };
const check: CheckResult = {
  id: 'clean-tree',
  title: 'Working tree is clean',
  category: 'git',
  status: 'passed',
  blocking: true,
  reason: 'nothing changed',
  evidence: {},
  remedy: null,
  durationMs: 3,
  attempts: 1,
};
const error = { code: 'TARGET_REFUSED', message: 'no', remedy: 'look' };

function stepStarted(step: Step | undefined, phase: 'forward' | 'back' = 'forward', attempt = 1): RunEvent {
  if (step === undefined) throw new Error('the plan has fewer steps');
  return { type: 'step_started', data: { step, attempt, phase } };
}

function stepCompleted(
  stepId: string,
  evidence: Record<string, number> = {},
  phase: 'forward' | 'back' = 'forward',
): RunEvent {
  return { type: 'step_completed', data: { stepId, phase, evidence } };
}

function verdict(metric: string, outcome: Verdict['outcome']): Verdict {
  return {
    metric,
    outcome,
    cause: outcome === 'inconclusive' ? 'more_data_needed' : 'decided',
    lnHarm: 1,
    lnHarmLimit: 5,
    lnSafe: 0,
    lnSafeLimit: 3,
    canary: { requests: 10, failures: 1 },
    baseline: { requests: 100, failures: 1 },
    difference: null,
    moreRequests: null,
    moreMs: null,
    sentence: 'so it is',
  };
}

const weight0: Step = { kind: 'set_weight', id: 'weight-0', weightPercent: 0 };
const retire: Step = { kind: 'retire', id: 'retire', revision: createRevision('2.0.0') };
const counts = {
  fromMs: 11_000,
  toMs: 12_000,
  stratum: 'user' as const,
  weightPercent: 5,
  canary: { requests: 50, failures: 5 },
  baseline: { requests: 950, failures: 1 },
  p99CanaryMs: 20,
  p99BaselineMs: null,
  lnHarm: 2,
  lnSafe: -1,
};
const approval = {
  planId: plan.planId,
  environment: 'production',
  scope: 'start',
  by: 'me',
  how: 'terminal' as const,
  client: null,
  nonce: 'n'.repeat(16),
  givenAtMs: 1,
  expiresAtMs: 2,
};
const instance = {
  revisionId: 'r',
  instanceId: 'i',
  atMs: 12_500,
  what: 'exited' as const,
  code: 1,
  signal: null,
  excerpt: null,
};
const decision = { action: 'abort' as const, reason: 'harm', trigger: 'error-rate' };
const control = { requestId: 'q', action: 'pause' as const, by: 'me', reason: null, accepted: true, answer: 'held' };

const rolledBack: RunEvent[] = [
  /*  0 */ started,
  /*  1 */ { type: 'owner_acquired', data: { generation: 1, pid: 11, resumed: false } },
  /*  2 */ { type: 'approval_consumed', data: approval },
  /*  3 */ { type: 'preflight_completed', data: { checks: [check], durationMs: 40 } },
  /*  4 */ stepStarted(provision),
  /*  5 */ { type: 'step_failed', data: { stepId: 'provision', phase: 'forward', error } },
  /*  6 */ stepStarted(provision, 'forward', 2),
  /*  7 */ stepCompleted('provision', { instances: 2 }),
  /*  8 */ stepStarted(smoke),
  /*  9 */ { type: 'smoke_completed', data: { on: 'candidate', checks: [check] } },
  /* 10 */ stepCompleted('smoke'),
  /* 11 */ stepStarted(weight5),
  /* 12 */ stepCompleted('weight-5', { weightPercent: 5 }),
  /* 13 */ stepStarted(bake5),
  /* 14 */ { type: 'counts', data: counts },
  /* 15 */ { type: 'verdict', data: { stepId: 'bake-5', verdict: verdict('errorRate', 'inconclusive') } },
  /* 16 */ { type: 'verdict', data: { stepId: 'bake-5', verdict: verdict('latency', 'pass') } },
  /* 17 */ { type: 'control', data: control },
  /* 18 */ { type: 'held', data: { reason: 'paused by me', gate: null } },
  /* 19 */ { type: 'resumed', data: { reason: 'me' } },
  /* 20 */ { type: 'held', data: { reason: 'no data', gate: 'errorRate' } },
  /* 21 */ { type: 'owner_acquired', data: { generation: 2, pid: 22, resumed: true } },
  /* 22 */ { type: 'instance', data: instance },
  /* 23 */ { type: 'verdict', data: { stepId: 'bake-5', verdict: verdict('errorRate', 'fail') } },
  /* 24 */ { type: 'decision', data: { stepId: 'bake-5', decision } },
  /* 25 */ {
    type: 'rollback_started',
    data: { trigger: 'error-rate', reason: 'harm', steps: [weight0, retire], detectedAtMs: 24_500 },
  },
  /* 26 */ stepStarted(weight0, 'back'),
  /* 27 */ { type: 'traffic_restored', data: { afterMs: 120, reads: 3 } },
  /* 28 */ stepCompleted('weight-0', { weightPercent: 0 }, 'back'),
  /* 29 */ {
    type: 'revision_verified',
    data: { expected: '1.0.0', reads: 20, matching: 20, seen: { '1.0.0': 20 }, ok: true, reason: 'all' },
  },
  /* 30 */ {
    type: 'exposure',
    data: {
      canary: { requests: 50, failures: 5 },
      baseline: { requests: 950, failures: 1 },
      failedByRelease: 4.9,
      cut: 0,
    },
  },
  /* 31 */ { type: 'notified', data: { about: 'rollback', channel: 'log', ok: true, reason: '' } },
  /* 32 */ { type: 'warning', data: { code: 'NOTE', message: 'look' } },
  /* 33 */ { type: 'run_ended', data: { outcome: 'rolled_back', reason: 'it did harm', error } },
];

describe('a run that was rolled back', () => {
  const run = fold(rolledBack);

  it('says who, when, and how it ended', () => {
    expect(run).toMatchObject({ runId, plan, requester: 'tester', status: 'ended', outcome: 'rolled_back' });
    expect(run).toMatchObject({ reason: 'it did harm', error, startedAtMs: 0, endedAtMs: 33_000 });
    expect(run).toMatchObject({ ownerPid: 22, ownerGeneration: 2, damage: null, currentStepId: null });
    expect(run.events).toEqual(record(rolledBack));
    expect(run.approvals).toEqual([approval]);
    expect(run.preflight).toEqual({ checks: [check], durationMs: 40 });
  });

  it('says what became of every step, forward and back', () => {
    const step = { error: null, evidence: {}, phase: 'forward', startedAtMs: null, endedAtMs: null };
    expect(run.steps).toEqual([
      { ...step, step: provision, state: 'completed', startedAtMs: 4000, endedAtMs: 7000, evidence: { instances: 2 } },
      { ...step, step: smoke, state: 'completed', startedAtMs: 8000, endedAtMs: 10_000 },
      {
        ...step,
        step: weight5,
        state: 'completed',
        startedAtMs: 11_000,
        endedAtMs: 12_000,
        evidence: { weightPercent: 5 },
      },
      { ...step, step: bake5, state: 'running', startedAtMs: 13_000 },
      { ...step, step: promote, state: 'pending' },
      {
        ...step,
        step: weight0,
        phase: 'back',
        state: 'completed',
        startedAtMs: 26_000,
        endedAtMs: 28_000,
        evidence: { weightPercent: 0 },
      },
      { ...step, step: retire, phase: 'back', state: 'pending' },
    ]);
  });

  it('holds what was measured, decided, asked and told', () => {
    expect([run.weightPercent, run.maxWeightPercent]).toEqual([0, 5]);
    expect(run.counts).toEqual([{ seq: 14, ...counts }]);
    expect(run.verdicts).toEqual([verdict('errorRate', 'fail'), verdict('latency', 'pass')]);
    expect(run.decisions).toEqual([{ seq: 24, atMs: 24_000, stepId: 'bake-5', decision }]);
    expect(run.instances).toEqual([{ seq: 22, ...instance }]);
    expect(run.smoke).toEqual([{ seq: 9, atMs: 9000, on: 'candidate', checks: [check] }]);
    expect(run.controls).toEqual([{ seq: 17, atMs: 17_000, ...control }]);
    expect(run.holds).toEqual([
      { seq: 18, fromMs: 18_000, toMs: 19_000, reason: 'paused by me', gate: null },
      { seq: 20, fromMs: 20_000, toMs: 25_000, reason: 'no data', gate: 'errorRate' },
    ]);
    expect(run.rollback).toEqual({
      trigger: 'error-rate',
      reason: 'harm',
      detectedAtMs: 24_500,
      startedAtMs: 25_000,
      trafficRestoredAtMs: 27_000,
      trafficRestoredAfterMs: 120,
      completedAtMs: 33_000,
    });
    expect(run.verified).toEqual({ expected: '1.0.0', reads: 20, matching: 20, ok: true, reason: 'all', seq: 29 });
    expect(run.exposure).toMatchObject({ canary: { requests: 50, failures: 5 }, failedByRelease: 4.9, cut: 0 });
    expect(run.notified).toEqual([{ about: 'rollback', channel: 'log', ok: true, reason: '', atMs: 31_000 }]);
    expect(run.warnings).toEqual([{ code: 'NOTE', message: 'look', atMs: 32_000, seq: 32 }]);
  });

  it('takes a hold whose figures change for one, and another trigger or gate for another', () => {
    const held = (reason: string, trigger: string | null, gate: string | null = null): RunEvent => ({
      type: 'held',
      data: { reason, gate, trigger },
    });
    const { holds, reason } = fold([
      started,
      held('3 % after 2h', 'inconclusive'),
      held('4 % after 2h', 'inconclusive'),
      held('silent', 'metrics-source'),
      held('ask', 'inconclusive', 'bake-5'),
      held('paused by me', null),
      held('paused by you', null),
    ]);
    expect(holds.map(({ seq, fromMs, toMs, reason }) => [seq, fromMs, toMs, reason])).toEqual([
      [1, 1000, 3000, '4 % after 2h'],
      [3, 3000, 4000, 'silent'],
      [4, 4000, 5000, 'ask'],
      [5, 5000, 6000, 'paused by me'],
      [6, 6000, null, 'paused by you'],
    ]);
    expect(reason).toBe('paused by you');
  });

  it('has the right state after every single event', () => {
    const statusAfter = rolledBack.map((_, index) => fold(rolledBack.slice(0, index + 1)).status);
    const expected = [
      ...Array(18).fill('running'),
      'held',
      'running',
      ...Array(5).fill('held'),
      ...Array(8).fill('rolling_back'),
      'ended',
    ];
    expect(statusAfter).toEqual(expected);
    const stepAfter = (seq: number) => fold(rolledBack.slice(0, seq + 1)).currentStepId;
    expect([4, 5, 6, 7, 13, 20, 25, 26, 28].map(stepAfter)).toEqual([
      'provision',
      null,
      'provision',
      null,
      'bake-5',
      'bake-5',
      null,
      'weight-0',
      null,
    ]);
    expect(fold(rolledBack.slice(0, 6)).steps[0]).toMatchObject({ state: 'failed', error, endedAtMs: 5000 });
    expect(fold(rolledBack.slice(0, 7)).steps[0]).toMatchObject({
      state: 'running',
      error: null,
      endedAtMs: null,
      startedAtMs: 4000,
    });
    expect(fold(rolledBack.slice(0, 28))).toMatchObject({ weightPercent: 0, maxWeightPercent: 5 });
    expect(fold(rolledBack.slice(0, 21))).toMatchObject({ reason: 'no data', holds: [{}, { toMs: null }] });
  });
});

describe('other ways a run can go', () => {
  it('a promoted candidate has all the weight, also without a weight step', () => {
    const run = fold([started, stepStarted(promote), stepCompleted('promote')]);
    expect(run).toMatchObject({ weightPercent: 100, maxWeightPercent: 100 });
    const back: Step = { kind: 'promote', id: 'back', revision: createRevision('1.0.0'), standbyMs: 0 };
    const events = [started, stepStarted(promote), stepCompleted('promote'), stepStarted(back, 'back')];
    expect(fold([...events, stepCompleted('back', {}, 'back')])).toMatchObject({
      weightPercent: 0,
      maxWeightPercent: 100,
    });
  });

  it('a step that began and was never heard of again may have brought users to the candidate', () => {
    const batch: Step = {
      kind: 'replace_batch',
      id: 'batch-1',
      revision: createRevision('2.0.0'),
      candidateInstances: 1,
      stableInstances: 1,
    };
    expect(fold([started, stepStarted(provision)])).toMatchObject({ maxWeightPercent: 0 });
    expect(fold([started, stepStarted(weight5)])).toMatchObject({ weightPercent: 0, maxWeightPercent: 5 });
    expect(fold([started, stepStarted(batch)])).toMatchObject({ weightPercent: 0, maxWeightPercent: 1 });
    expect(fold([started, stepStarted(weight5), stepStarted(batch)]).maxWeightPercent).toBe(5);
    expect(fold([started, stepStarted(batch, 'back')]).maxWeightPercent).toBe(0);
    const weight50: Step = { kind: 'set_weight', id: 'weight-50', weightPercent: 50 };
    expect(fold([started, stepStarted(weight50, 'back')]).maxWeightPercent).toBe(0);
  });

  it('frozen tells why', () => {
    const run = fold([started, { type: 'frozen', data: { reason: 'the journal is damaged' } }]);
    expect(run).toMatchObject({ status: 'frozen', reason: 'the journal is damaged', outcome: null });
  });

  it('a rollback that failed and is tried again opens the run anew and keeps when it began', () => {
    const begin = (detectedAtMs: number, steps: Step[]): RunEvent => ({
      type: 'rollback_started',
      data: { trigger: 'error-rate', reason: 'harm', steps, detectedAtMs },
    });
    const ended = (outcome: 'rollback_failed' | 'rolled_back'): RunEvent => ({
      type: 'run_ended',
      data: { outcome, reason: outcome, error: outcome === 'rollback_failed' ? error : null },
    });
    const failed = [started, begin(500, [weight0]), stepStarted(weight0, 'back'), ended('rollback_failed')];
    expect(fold(failed)).toMatchObject({
      status: 'ended',
      outcome: 'rollback_failed',
      error,
      rollback: { completedAtMs: null },
    });
    const again = [...failed, begin(4000, [weight0, retire])];
    expect(fold(again)).toMatchObject({ status: 'rolling_back', outcome: null, endedAtMs: null, error: null });
    expect(
      fold(again)
        .steps.filter((step) => step.phase === 'back')
        .map((step) => step.state),
    ).toEqual(['pending', 'pending']);
    expect(fold([...again, { type: 'resumed', data: { reason: '' } }]).status).toBe('rolling_back');
    expect(fold([...again, ended('rolled_back')])).toMatchObject({
      outcome: 'rolled_back',
      rollback: { detectedAtMs: 500, startedAtMs: 1000, completedAtMs: 5000 },
    });
  });

  it('damage is carried, and without its beginning there is no record', () => {
    const damage = { line: 3, reason: 'its checksum is wrong' };
    expect(replayRun(record([started]), damage, runId).damage).toEqual(damage);
    expect(() => replayRun([], null, runId)).toThrow(expect.objectContaining({ code: 'JOURNAL_CORRUPT' }));
    expect(() => replayRun(record(rolledBack).slice(1), damage, runId)).toThrow(/line 3: its checksum is wrong/);
  });

  it('changes nothing of what it was given', () => {
    const events = record(rolledBack);
    const before = JSON.stringify(events);
    replayRun(events, null, runId);
    expect(JSON.stringify(events)).toBe(before);
  });
});
