import type { CheckResult } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { Approval, Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run-event.ts';
import { assessApprovals, consumeApprovals } from './check-approval.ts';
import type { Place } from './place.ts';

export type Override = Extract<RunEvent, { type: 'gate_overridden' }>;

/**
 * The gates that stop a run, when people have broken the glass for every one of them: an approval each, with its own scope
 * and a written reason, for exactly this plan, used up here. Null when one of them has none; then nothing is used up.
 */
export async function overrideGates(
  place: Place,
  plan: Plan,
  { blocking, clock, runId }: { blocking: readonly CheckResult[]; clock: Clock; runId: string },
): Promise<{ events: Override[]; approvals: Approval[] } | null> {
  const found: Array<{ check: CheckResult; approvals: Approval[] }> = [];
  for (const check of blocking) {
    const scope = breakGlassScope(check.id);
    const { missing, approvals } = await assessApprovals(place, plan, { scope, nowMs: clock.now() });
    const reasoned = approvals.filter(({ reason }) => (reason ?? '').trim() !== '');
    if (missing.length > 0 || reasoned.length < approvals.length || approvals.length === 0) return null;
    found.push({ check, approvals });
  }
  const approvals = found.flatMap((one) => one.approvals);
  await consumeApprovals(place, plan, { approvals, runId, atMs: clock.now() });
  return {
    approvals,
    events: found.map(({ check, approvals: given }) => ({
      type: 'gate_overridden',
      data: {
        gate: check.id,
        title: check.title,
        status: check.status,
        finding: check.reason.slice(0, 2000),
        by: given.map(({ by, how }) => `${by} (${how})`).join(', '),
        reason: given
          .map(({ reason }) => reason ?? '')
          .join('; ')
          .slice(0, 2000),
      },
    })),
  };
}

/** The scope of an approval that lets a run start although this gate blocks. Pure. */
export function breakGlassScope(gate: string): string {
  return `break-glass:${gate}`;
}
