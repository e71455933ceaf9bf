import type { Check, CheckFinding, CheckResult } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import { createSystemClock } from '../system/clock.ts';
import { checkResult } from './check-result.ts';

export type RunChecksOptions = {
  signal: AbortSignal;
  /** Checks that run at a time. */
  concurrency?: number;
  /** For a check that names no time of its own. */
  timeoutMs?: number;
  /** Called as each check ends, in the order in which they end. */
  onResult?: (result: CheckResult) => void;
  clock?: Clock;
};

const defaultTimeoutMs = 30_000;

/**
 * Asks all checks in parallel; the results are in the order of the list. Never rejects: a check that throws, takes too
 * long or is cancelled is `unknown` with its reason, and a check that ignores its signal is not waited for.
 */
export async function runChecks<Context>(
  checks: readonly Check<Context>[],
  context: Context,
  options: RunChecksOptions,
): Promise<CheckResult[]> {
  const results = new Map<number, CheckResult>();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < checks.length; index = next++) {
      const check = checks[index];
      if (check === undefined) return;
      const result = await runOne(check, context, options);
      results.set(index, result);
      options.onResult?.(result);
    }
  };
  const workers = Math.max(1, Math.min(options.concurrency ?? 8, checks.length));
  await Promise.all(Array.from({ length: workers }, work));
  return checks.flatMap((_check, index) => results.get(index) ?? []);
}

async function runOne<Context>(
  check: Check<Context>,
  context: Context,
  options: RunChecksOptions,
): Promise<CheckResult> {
  const clock = options.clock ?? createSystemClock();
  const startedMs = clock.monotonic();
  const finding = await findWithin(check, context, { ...options, clock });
  return checkResult(check, finding, clock.monotonic() - startedMs);
}

async function findWithin<Context>(
  check: Check<Context>,
  context: Context,
  options: RunChecksOptions & { clock: Clock },
): Promise<CheckFinding> {
  if (options.signal.aborted) return { status: 'unknown', reason: 'cancelled before it was asked' };
  const timeoutMs = check.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs;
  const ending = new AbortController();
  const timer = new AbortController();
  const cancel = (): void => ending.abort();
  options.signal.addEventListener('abort', cancel, { once: true });
  const deadline = options.clock.sleep(timeoutMs, AbortSignal.any([timer.signal, options.signal]));
  const late = deadline.then((how): CheckFinding => {
    ending.abort();
    return how === 'elapsed'
      ? { status: 'unknown', reason: `no answer within ${timeoutMs / 1000} s` }
      : { status: 'unknown', reason: 'cancelled' };
  });
  try {
    return await Promise.race([findSafely(check, context, ending.signal), late]);
  } finally {
    timer.abort();
    options.signal.removeEventListener('abort', cancel);
  }
}

async function findSafely<Context>(
  check: Check<Context>,
  context: Context,
  signal: AbortSignal,
): Promise<CheckFinding> {
  try {
    return await check.run(context, signal);
  } catch (thrown) {
    const error = toDeployError(thrown);
    return { status: 'unknown', reason: error.message, remedy: error.remedy };
  }
}
