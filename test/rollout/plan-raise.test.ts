import { describe, expect, it } from 'vitest';
import { planRaise, type RaiseSituation } from '../../src/rollout/plan-raise.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { verdictOf } from '../fixtures/verdicts.ts';

const hour = 3_600_000;
const late = verdictOf('errorRate', 'inconclusive', { moreRequests: 2000, moreMs: 5 * hour });

function situationOf(changes: Partial<RaiseSituation> = {}): RaiseSituation {
  return {
    settings: { ...usualJudge, raiseWeight: { upToPercent: 25, blastBudget: 20 } },
    verdicts: [late],
    bake: { weightPercent: 1, elapsedMs: hour / 6, minMs: hour / 6, maxMs: 2 * hour },
    nextWeightPercent: 25,
    canary: { requests: 6, failures: 0 },
    baseline: { requests: 594, failures: 1 },
    perSecond: 1,
    delayMs: 2250,
    ...changes,
  };
}

describe('raising the weight of a bake with too few requests', () => {
  it('goes as far as the budget of failing requests allows, and says what it may cost', () => {
    const raise = planRaise(situationOf());
    expect(raise?.weightPercent).toBeGreaterThan(1.2);
    expect(raise?.weightPercent).toBeLessThanOrEqual(25);
    expect(raise?.expectedFailures).toBeLessThanOrEqual(20);
    expect(raise?.reason).toMatch(
      /^at 1 % the evidence would not come within the 1h 50m left; [\d.]+ % is expected to cost at most \d+ more failing requests, with the 0 so far within the 20 allowed$/,
    );
    const richer = planRaise(
      situationOf({ settings: { ...usualJudge, raiseWeight: { upToPercent: 25, blastBudget: 2000 } } }),
    );
    expect(richer?.weightPercent).toBe(25);
  });

  it('never goes past the next step or the configured limit', () => {
    const settings = { ...usualJudge, raiseWeight: { upToPercent: 40, blastBudget: 100_000 } };
    expect(planRaise(situationOf({ settings }))?.weightPercent).toBe(25);
    expect(planRaise(situationOf({ settings, nextWeightPercent: 10 }))?.weightPercent).toBe(10);
    expect(planRaise(situationOf({ settings, nextWeightPercent: 100 }))?.weightPercent).toBe(40);
  });

  it.each<[string, Partial<RaiseSituation>]>([
    ['nobody wants it', { settings: usualJudge }],
    ['the next step sets no weight', { nextWeightPercent: null }],
    ['the evidence comes in time', { verdicts: [verdictOf('errorRate', 'inconclusive', { moreMs: hour })] }],
    ['everything is proven', { verdicts: [verdictOf('errorRate', 'pass')] }],
    ['the bake has not lasted its least time', { bake: { weightPercent: 1, elapsedMs: 1, minMs: 2, maxMs: 2 * hour } }],
    ['there is no traffic at all', { perSecond: 0 }],
    ['the budget is used up', { canary: { requests: 60, failures: 20 } }],
    ['more would hardly be more', { bake: { weightPercent: 22, elapsedMs: hour, minMs: hour, maxMs: 2 * hour } }],
    [
      'the candidate has more than that already',
      { bake: { weightPercent: 99, elapsedMs: hour, minMs: hour, maxMs: 2 * hour } },
    ],
  ])('does nothing when %s', (_, changes) => {
    expect(planRaise(situationOf(changes))).toBeNull();
  });

  it('waits half of the time for a first request before it says that none will come', () => {
    const verdicts = [verdictOf('errorRate', 'inconclusive', { moreRequests: null, moreMs: null })];
    const bakeAt = (elapsedMs: number) => ({ weightPercent: 1, elapsedMs, minMs: hour / 6, maxMs: 2 * hour });
    expect(planRaise(situationOf({ verdicts, bake: bakeAt(hour) }))).toBeNull();
    expect(planRaise(situationOf({ verdicts, bake: bakeAt(1.2 * hour) }))).not.toBeNull();
  });
});
