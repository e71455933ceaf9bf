import { describe, expect, it } from 'vitest';
import type { JudgeSettings, Verdict } from '../../src/model/verdict.ts';
import { decide, type Situation } from '../../src/rollout/decide.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { verdictOf } from '../fixtures/verdicts.ts';

const passed = verdictOf('errorRate', 'pass');
const open = verdictOf('errorRate', 'inconclusive');

function situationOf(changes: Partial<Situation> = {}, settings: Partial<JudgeSettings> = {}): Situation {
  return {
    settings: { ...usualJudge, ...settings },
    verdicts: [passed],
    baselineBreaches: new Set(),
    firedRules: [],
    bake: { elapsedMs: 600_000, minMs: 600_000, maxMs: 7_200_000 },
    source: { kind: 'proxy', silentMs: 0, problem: null },
    foreign: null,
    smokePassed: 1,
    paused: null,
    accepted: new Set(),
    harmAcceptedBy: null,
    promotedBy: null,
    ...changes,
  };
}

const silent = (silentMs: number): Situation['source'] => ({ kind: 'proxy', silentMs, problem: null });
const over = { elapsedMs: 7_200_000, minMs: 600_000, maxMs: 7_200_000 };

describe('harm', () => {
  it.each([
    ['errorRate', 'error-rate'],
    ['latencyP99', 'latency-p99'],
    ['latencyP99.9', 'latency-p99.9'],
    ['throughput', 'throughput'],
    ['userActivity', 'user-activity'],
    ['slo:errorRate', 'slo:errorRate'],
  ])('%s takes users back, triggered by %s', (metric, trigger) => {
    const verdicts = [passed, verdictOf(metric, 'fail')];
    expect(decide(situationOf({ verdicts }))).toEqual({ action: 'abort', reason: `${metric}: fail`, trigger });
    expect(decide(situationOf({ verdicts, bake: null }))).toMatchObject({ action: 'abort' });
    expect(decide(situationOf({ verdicts, accepted: new Set([trigger]) }))).toMatchObject({ action: 'advance' });
  });

  it('comes before everything else', () => {
    const rule = { trigger: 'oom' as const, sentence: 'killed' };
    for (const changes of [{ promotedBy: 'mo' }, { paused: 'by mo' }, { source: silent(999_999) }])
      expect(decide(situationOf({ firedRules: [rule], ...changes }))).toMatchObject({
        action: 'abort',
        trigger: 'oom',
      });
  });

  it('that the stable revision shows too only holds', () => {
    const verdicts = [passed, verdictOf('slo:errorRate', 'fail')];
    expect(decide(situationOf({ verdicts, baselineBreaches: new Set(['slo:errorRate']) }))).toMatchObject({
      action: 'hold',
      trigger: 'slo:errorRate',
      reason: expect.stringContaining('going back would not help'),
    });
  });
});

describe('a router that does not split as asked', () => {
  const split = verdictOf('split', 'fail', { sentence: '9 % of new units went to the canary, asked for 5 %' });

  it('holds, with what the router did, and never goes back for it', () => {
    expect(decide(situationOf({ verdicts: [passed, split] }))).toEqual({
      action: 'hold',
      reason:
        '9 % of new units went to the canary, asked for 5 %; the router does not do what it was asked, so its numbers prove nothing',
      trigger: 'split',
    });
    expect(decide(situationOf({ verdicts: [passed, split], bake: null }))).toMatchObject({ action: 'hold' });
    expect(decide(situationOf({ verdicts: [open, split], bake: over }, { onInconclusive: 'abort' }))).toMatchObject({
      action: 'hold',
    });
  });

  it('does not hide harm, and a person may go past it', () => {
    expect(decide(situationOf({ verdicts: [verdictOf('errorRate', 'fail'), split] }))).toMatchObject({
      action: 'abort',
      trigger: 'error-rate',
    });
    expect(decide(situationOf({ verdicts: [passed, split], promotedBy: 'mo' }))).toMatchObject({ action: 'advance' });
  });

  it('that has not been judged yet is in nobody’s way', () => {
    expect(decide(situationOf({ verdicts: [passed, verdictOf('split', 'inconclusive')] }))).toMatchObject({
      action: 'advance',
    });
  });
});

describe('proof', () => {
  it('is asked of every metric that must pass, and of no other', () => {
    const verdicts = [passed, verdictOf('latencyP99', 'inconclusive'), verdictOf('throughput', 'inconclusive')];
    expect(decide(situationOf({ verdicts }))).toMatchObject({ action: 'advance' });
    const both = { mustPass: ['errorRate', 'latencyP99', 'throughput'] };
    expect(decide(situationOf({ verdicts }, both))).toEqual({
      action: 'wait',
      reason:
        'latencyP99: inconclusive; about 330 more canary requests, about 1m 6s at this traffic; not proven either: throughput',
      trigger: null,
    });
  });

  it('never comes from a metric that is not there', () => {
    const decision = decide(situationOf({ verdicts: [passed] }, { mustPass: ['conversion'] }));
    expect(decision).toMatchObject({
      action: 'wait',
      reason: 'conversion: nothing was measured; no data is not a pass',
    });
  });

  it('that is lacking says how many more requests it takes and how long, once', () => {
    const told = verdictOf('errorRate', 'inconclusive', { sentence: 'not yet; about 330 more canary requests' });
    expect(decide(situationOf({ verdicts: [told] })).reason).toBe('not yet; about 330 more canary requests');
    const unknown = verdictOf('errorRate', 'inconclusive', { moreRequests: null, moreMs: null });
    expect(decide(situationOf({ verdicts: [unknown] })).reason).toContain('how many cannot be told');
  });

  it('is not enough before the bake is over', () => {
    expect(decide(situationOf({ bake: { elapsedMs: 1000, minMs: 600_000, maxMs: 7_200_000 } }))).toMatchObject({
      action: 'wait',
      reason: '9m 59s of the bake left',
    });
  });
});

describe('a bake that ends without a verdict', () => {
  const timeout = (settings: Partial<JudgeSettings>, changes: Partial<Situation> = {}) =>
    decide(situationOf({ verdicts: [open], bake: over, ...changes }, settings));

  it.each([
    ['hold', 'hold', 'inconclusive'],
    ['ask', 'hold', 'inconclusive'],
    ['abort', 'abort', 'inconclusive'],
    ['promote', 'advance', 'unproven'],
  ] as const)('%s: %s', (onInconclusive, action, trigger) => {
    const decision = timeout({ onInconclusive });
    expect(decision).toMatchObject({ action, trigger });
    expect(decision.reason).toMatch(/no verdict after 2h: errorRate: inconclusive; about 330 more canary requests/);
  });

  it('asks a person in so many words', () => {
    expect(timeout({ onInconclusive: 'ask' }).reason).toMatch(
      /a person decides whether it goes on, unless proof comes first$/,
    );
  });

  it('says of a promotion without proof that it is one', () => {
    expect(timeout({ onInconclusive: 'promote' }).reason).toMatch(/^promoted without proof/);
  });

  const slo = { name: 'errorRate' as const, badRatio: 0.01, aboveMs: null };
  const burnt: Verdict = verdictOf('slo:errorRate', 'inconclusive', { canary: { requests: 100, failures: 2 } });
  const kept: Verdict = verdictOf('slo:errorRate', 'inconclusive', { canary: { requests: 100, failures: 1 } });

  it('promotes without proof while objectives are kept', () => {
    expect(timeout({ onInconclusive: 'promote', slos: [slo] }, { verdicts: [open, kept] }).action).toBe('advance');
  });

  it.each<[string, Partial<Situation>, RegExp]>([
    [
      'a hard rule that a person accepted',
      { firedRules: [{ trigger: 'oom', sentence: 'killed' }], accepted: new Set(['oom']) },
      /killed$/,
    ],
    ['no smoke test that passed', { smokePassed: 0 }, /no smoke test of the candidate passed$/],
    [
      'an objective that is being broken, proven or not',
      { verdicts: [open, burnt] },
      /broken the objective errorRate$/,
    ],
    [
      'harm that a person accepted',
      { verdicts: [open, verdictOf('throughput', 'fail')], accepted: new Set(['throughput']) },
      /throughput: fail$/,
    ],
    [
      'a source that cannot be asked',
      { verdicts: [verdictOf('errorRate', 'inconclusive', { cause: 'source_error' })] },
      /inconclusive/,
    ],
  ])('holds instead of promoting without proof because of %s', (_, changes, reason) => {
    const decision = timeout({ onInconclusive: 'promote', slos: [slo] }, changes);
    expect(decision).toMatchObject({ action: 'hold', trigger: 'inconclusive' });
    expect(decision.reason).toMatch(/not promoted without proof either: /);
    expect(decision.reason).toMatch(reason);
  });

  it('is not timed out while its source is silent or a person has paused it', () => {
    for (const changes of [{ source: silent(120_001) }, { paused: 'paused by mo' }])
      expect(timeout({ onInconclusive: 'promote' }, changes)).toMatchObject({ action: 'hold' });
  });
});
