import { renderMs } from '../model/step.ts';
import type { ArmCounts } from '../model/verdict.ts';
import { binomialInterval } from './binomial-interval.ts';

/** Level of the intervals in sentences: description, not the test that decides. */
export const describedAlpha = 0.05;

/** `3.1 % [2.2, 4.4]`: ratio of one arm with its interval at 95 %. Pure. */
export function renderArm(counts: ArmCounts): string {
  if (counts.requests === 0) return 'no requests';
  const [low, high] = binomialInterval(counts, describedAlpha);
  return `${renderRatio(counts)} [${renderPercent(low)}, ${renderPercent(high)}]`;
}

/** `3.1 %`. Pure. */
export function renderRatio(counts: ArmCounts): string {
  return counts.requests === 0 ? 'no requests' : `${renderPercent(counts.failures / counts.requests)} %`;
}

/** Ratio 0–1 as a percentage with two significant digits: 0.0312 → `3.1`. Pure. */
export function renderPercent(ratio: number): string {
  return String(Number((ratio * 100).toPrecision(2)));
}

/** ln of evidence as odds: `240:1`. Pure. */
export function renderEvidence(lnEvidence: number): string {
  if (lnEvidence > Math.log(1e6)) return 'over 1000000:1';
  const odds = Math.exp(lnEvidence);
  return `${odds >= 10 ? Math.floor(odds + 1e-9) : Number(odds.toPrecision(2))}:1`;
}

/** `about 330 more canary requests, about 1m 6s`. Pure. */
export function renderMoreData(moreRequests: number | null, moreMs: number | null): string {
  if (moreRequests === null) return 'more canary requests are needed, how many cannot be told';
  const time = moreMs === null ? '' : `, about ${renderMs(Math.ceil(moreMs / 1000) * 1000)} at this traffic`;
  return `about ${moreRequests} more canary requests${time}`;
}

/** `212 ms`, two or three digits; `unknown` for null. Pure. */
export function renderLatency(ms: number | null): string {
  return ms === null ? 'unknown' : `${Number(ms.toPrecision(ms >= 100 ? 3 : 2))} ms`;
}
