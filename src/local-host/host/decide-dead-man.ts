/** A moment by both clocks: the wall's may jump, the monotonic one stands still while the machine sleeps. */
export type Instant = { wallMs: number; monoMs: number };

/** What is known of an armed dead-man from one look to the next. */
export type DeadManWatch = {
  holdMs: number;
  /** When somebody last said that the run is attended to. */
  renewedAt: Instant;
  /** Since when none of the owners lives; null while one does. */
  goneSince: Instant | null;
  /** Looks in a row that found its time over. */
  overdueLooks: number;
};

export type DeadManDecision = { watch: DeadManWatch; fire: string | null };

/** So long after the last owner has died somebody may still take over, ms. */
export const graceMs = 2000;
/**
 * Looks that must find the time over. A machine that wakes up, a clock that is set or a host that was stopped finds it over at
 * once; an owner that lives renews before the next looks, one that does not is gone.
 */
export const overdueLooksNeeded = 3;

export function beginDeadManWatch(holdMs: number, now: Instant): DeadManWatch {
  return { holdMs, renewedAt: now, goneSince: null, overdueLooks: 0 };
}

/** Whether users must be taken back now; called about once a second. Pure. */
export function decideDeadMan(before: DeadManWatch, now: Instant, aliveOwners: number): DeadManDecision {
  const goneSince = aliveOwners > 0 ? null : (before.goneSince ?? now);
  const silentMs = passedMs(before.renewedAt, now);
  const overdueLooks = silentMs >= before.holdMs ? before.overdueLooks + 1 : 0;
  const watch = { ...before, goneSince, overdueLooks };
  if (goneSince !== null && passedMs(goneSince, now) >= graceMs)
    return { watch, fire: 'the supervisor and the watchdog of the run were gone' };
  if (overdueLooks >= overdueLooksNeeded)
    return { watch, fire: `nobody had attended to the run for ${Math.round(silentMs / 1000)} s` };
  return { watch, fire: null };
}

/** The longer of what both clocks say: whoever is wrong errs toward going back. Never negative. Pure. */
export function passedMs(from: Instant, to: Instant): number {
  return Math.max(0, to.wallMs - from.wallMs, to.monoMs - from.monoMs);
}
