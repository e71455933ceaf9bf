/**
 * What may be decided when data is missing, from the rules of the method alone: no statistics, and nothing from src. Where the
 * data could decide, several answers are allowed; where it cannot, there is one.
 */

/** What a source has said so far, counted once each, whatever it repeated. */
export type Heard = {
  /** Ms since it answered at all, and since the end of the newest window that it knew. */
  silentMs: number;
  oldMs: number;
  /** Since the bake began. */
  bake: { canary: number; baseline: number };
  /** Of the whole run. */
  failures: { canary: number; baseline: number };
  /** Canary requests since the last that did not fail. */
  failingInARow: number;
  /** Everything heard has ended. */
  settled: boolean;
};

export type Rules = {
  graceMs: number;
  minMs: number;
  maxMs: number;
  onInconclusive: 'hold' | 'ask' | 'promote';
};

export type Answer = 'advance' | 'wait' | 'hold' | 'hold for the source' | 'abort';

/** Without a failure in either arm this many canary requests are needed at the very least: ln 20 / −ln 0.98 is 149. */
const fewestToPass = 100;
/** So many are enough for any verdict that they all point to. */
const plenty = 1000;
const plentyOfFailures = 200;

export function allowedAnswers(heard: Heard, rules: Rules, elapsedMs: number): ReadonlySet<Answer> {
  const { bake, failures } = heard;
  const mustFail = heard.failingInARow >= plentyOfFailures && failures.baseline === 0 && bake.baseline >= plenty;
  if (mustFail && heard.oldMs <= rules.graceMs) return new Set(['abort']);
  // Harm that was proven once stays proven; a single failure proves nothing.
  const allowed = new Set<Answer>(failures.canary >= 2 ? ['abort'] : []);
  if (heard.silentMs > rules.graceMs) return allowed.add('hold for the source');
  if (elapsedMs < rules.minMs) return allowed.add('wait');
  const isFresh = heard.oldMs <= rules.graceMs;
  const noFailure = failures.canary === 0 && failures.baseline === 0;
  const mustPass = isFresh && noFailure && heard.settled && Math.min(bake.canary, bake.baseline) >= plenty;
  if (mustPass) return allowed.add('advance');
  if (isFresh && bake.canary >= (failures.baseline === 0 ? fewestToPass : 1)) allowed.add('advance');
  if (elapsedMs < rules.maxMs) return allowed.add('wait');
  // Not one request to the candidate: then not even a person's wish to go on without a proof is enough.
  if (rules.onInconclusive === 'promote' && bake.canary > 0) {
    allowed.add('advance');
    if (noFailure) return allowed;
  }
  return allowed.add('hold');
}
