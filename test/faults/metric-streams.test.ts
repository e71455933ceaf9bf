import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/model/verdict.ts';
import { seededRandom } from '../analysis/seeded-random.ts';
import { createMetricStream } from './metric-stream.ts';
import { proofCount, recordProof } from './record-proof.ts';
import { type Answer, allowedAnswers, type Heard } from './reference-decision.ts';

const seed = Number(process.env['SEATRIAL_SEED'] ?? 20261201);
const streams = proofCount({ quick: 1500, full: 100_000 });

function answerOf({ action, trigger }: Decision): Answer {
  if (action === 'hold') return trigger === 'metrics-source' ? 'hold for the source' : 'hold';
  return action;
}

/** Nothing of the candidate was heard in this observation, or not lately: where that was configured, a run may go on without a proof. */
function isBlind(
  { bake, silentMs, oldMs }: Heard,
  { graceMs, unproven }: { graceMs: number; unproven: boolean },
): boolean {
  return bake.canary === 0 || silentMs > graceMs || (oldMs > graceMs && !unproven);
}

describe('streams of windows that are healthy, failing, empty, lost, late or told twice', () => {
  it('lead to nothing that the rules for missing data do not allow', { timeout: 3_000_000 }, () => {
    const random = seededRandom(seed);
    const wrong = { disagreements: 0, 'advanced without data': 0, 'rolled back without data': 0, 'nonsense taken': 0 };
    const answers: Record<Answer, number> = { advance: 0, wait: 0, hold: 0, 'hold for the source': 0, abort: 0 };
    const examples: string[] = [];
    for (let stream = 0; stream < streams; stream += 1) {
      const { rules, story, tick, offerNonsense } = createMetricStream(random);
      for (let told = tick(); told !== null; told = tick()) {
        const { decision, heard, elapsedMs } = told;
        const answer = answerOf(decision);
        answers[answer] += 1;
        const allowed = allowedAnswers(heard, rules, elapsedMs);
        if (!allowed.has(answer)) {
          wrong.disagreements += 1;
          if (examples.length < 5)
            examples.push(
              `${story}; at ${elapsedMs} ${answer}, not ${[...allowed]}: ${JSON.stringify(heard)} ${decision.reason}`,
            );
        }
        if (answer === 'advance' && isBlind(heard, { ...rules, unproven: decision.trigger === 'unproven' }))
          wrong['advanced without data'] += 1;
        if (answer === 'abort' && heard.failures.canary === 0) wrong['rolled back without data'] += 1;
        if (answer === 'advance' || answer === 'abort') break;
        if (random() < 0.1 && !offerNonsense()) wrong['nonsense taken'] += 1;
      }
    }
    const sum = Object.values(wrong).reduce((total, count) => total + count, 0);
    recordProof({
      promise: 'metric-streams',
      what: 'random streams of windows (healthy, failing, empty, lost, silent, late, clock back, told twice, NaN) into judge and decision, against a reference model of the rules for missing data: no disagreement, no advance and no rollback without data',
      tried: streams,
      wrong: sum,
      seed,
      figures: { decisions: Object.values(answers).reduce((total, count) => total + count, 0), ...answers },
    });
    expect(examples).toEqual([]);
    expect(wrong).toEqual({
      disagreements: 0,
      'advanced without data': 0,
      'rolled back without data': 0,
      'nonsense taken': 0,
    });
    // Every kind of answer was given, or nothing was tried.
    expect(Object.values(answers).filter((count) => count < streams / 100)).toEqual([]);
  });
});
