import type { Check, CheckFinding, CheckResult } from '../model/check.ts';
import { cleanExcerpt } from '../system/excerpt.ts';

export type CheckHead = Pick<Check<never>, 'id' | 'title' | 'category' | 'blocking'>;

const longestReason = 500;
const longestRemedy = 1000;

/** A finding with its head, ready to be shown and kept: one clean line of reason, texts of evidence cleaned and cut to 200. Pure. */
export function checkResult(head: CheckHead, finding: CheckFinding, durationMs: number): CheckResult {
  const { id, title, category, blocking } = head;
  const evidence: CheckResult['evidence'] = {};
  for (const [name, value] of Object.entries(finding.evidence ?? {})) {
    if (typeof value === 'number' && !Number.isFinite(value)) continue;
    evidence[name] = typeof value === 'string' ? cleanExcerpt(value) : value;
  }
  return {
    id,
    title: cleanExcerpt(title),
    category,
    status: finding.status,
    blocking,
    reason: cleanExcerpt(finding.reason, longestReason),
    evidence,
    remedy: finding.remedy === undefined ? null : cleanExcerpt(finding.remedy, longestRemedy),
    durationMs: Math.max(0, durationMs),
    attempts: finding.attempts ?? 1,
  };
}
