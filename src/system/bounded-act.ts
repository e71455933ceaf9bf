import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { Act } from '../model/target.ts';
import { createSystemClock } from './clock.ts';

/** One changing call with its limits. */
export type BoundedAct = {
  readonly fence: number;
  /** Fires at the deadline and when the caller cancels. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline, never negative. */
  leftMs(): number;
  /** Throws STEP_TIMED_OUT or CANCELLED when it is over. */
  assertTime(): void;
  /** The data plane obeys the change of traffic. */
  moved(): void;
};

const clock = createSystemClock();
const pollMs = 60;

export function boundAct(act: Act, step: string): BoundedAct {
  const endMs = clock.monotonic() + act.deadlineMs;
  const signal = AbortSignal.any([act.signal, AbortSignal.timeout(Math.max(0, Math.floor(act.deadlineMs)))]);
  const leftMs = (): number => Math.max(0, endMs - clock.monotonic());
  return {
    fence: act.fence,
    signal,
    leftMs,
    moved: () => act.moved?.(),
    assertTime: () => {
      if (act.signal.aborted) throw new DeployError('CANCELLED', { what: step });
      if (leftMs() === 0 || signal.aborted) {
        throw new DeployError('STEP_TIMED_OUT', { step, seconds: Math.round(act.deadlineMs / 100) / 10 });
      }
    },
  };
}

/** Does one step within its limits; what fails because time is over says so. */
export async function within<Result>(
  act: Act,
  step: string,
  run: (bounded: BoundedAct) => Promise<Result>,
): Promise<Result> {
  const bounded = boundAct(act, step);
  try {
    return await run(bounded);
  } catch (thrown) {
    const { code } = toDeployError(thrown);
    // A question that the deadline ended was not cancelled by anybody.
    if (code === 'TARGET_UNREACHABLE' || code === 'HTTP_FAILED' || code === 'CANCELLED') bounded.assertTime();
    throw thrown;
  }
}

/** Asks again and again until the answer is not null. Throws STEP_TIMED_OUT or CANCELLED, and what `ask` throws. */
export async function waitUntil<Value>(act: BoundedAct, ask: () => Promise<Value | null>): Promise<Value> {
  for (;;) {
    act.assertTime();
    const value = await ask();
    if (value !== null) return value;
    await clock.sleep(pollMs, act.signal);
  }
}

/** Like `waitUntil`, and null after `withinMs`. */
export async function waitWithin<Value>(
  act: BoundedAct,
  withinMs: number,
  ask: () => Promise<Value | null>,
): Promise<Value | null> {
  const endMs = clock.monotonic() + withinMs;
  for (;;) {
    act.assertTime();
    const value = await ask();
    if (value !== null || clock.monotonic() >= endMs) return value;
    await clock.sleep(Math.min(pollMs, Math.max(1, endMs - clock.monotonic())), act.signal);
  }
}
