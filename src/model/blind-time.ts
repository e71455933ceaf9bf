import type { RunRecord } from './run-record.ts';
import { blindTrigger } from './verdict.ts';

/**
 * Ms between `fromMs` and `toMs` (Unix ms) in which nothing was observed, because the metrics source was silent: from its last
 * answer, which came `sourceGraceMs` before the run was held for it, to the end of that hold. Pure.
 */
export function blindMsBetween(
  { holds, plan }: Pick<RunRecord, 'holds' | 'plan'>,
  fromMs: number,
  toMs: number,
): number {
  const { sourceGraceMs } = plan.content.judge;
  return holds
    .filter(({ trigger }) => trigger === blindTrigger)
    .reduce(
      (sum, hold) =>
        sum + Math.max(0, Math.min(hold.toMs ?? toMs, toMs) - Math.max(hold.fromMs - sourceGraceMs, fromMs)),
      0,
    );
}
