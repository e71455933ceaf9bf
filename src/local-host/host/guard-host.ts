import type { Clock } from '../../model/clock.ts';
import { isAlive } from '../../system/process-identity.ts';
import { hostFiles } from './host-files.ts';
import type { DeadManState } from './host-state.ts';
import { readHostState } from './host-store.ts';

export type GuardOptions = {
  directory: string;
  /** Of this process. */
  pid: number;
  launchHost: () => Promise<void>;
  warn: (message: string) => void;
  clock: Clock;
};

const lookEveryMs = 500;
/** A host that was started gets this long until it has said that it is there, ms. */
const startsWithinMs = 5000;

/**
 * Starts the host of this folder again when it dies, as long as it holds an armed dead-man rollback and names this process as
 * its guard; then it ends. The host in turn starts a guard that has died.
 */
export async function guardHost({ directory, pid, launchHost, warn, clock }: GuardOptions): Promise<void> {
  const files = hostFiles(directory);
  const state = async (): Promise<DeadManState | null> => (await readHostState(files.state))?.deadMan ?? null;
  const beganMs = clock.monotonic();
  for (;;) {
    const now = await state().catch(() => undefined);
    if (now === null || now?.armed === null) return;
    // The host writes down who guards it right after it has started somebody to do so.
    const named = now === undefined || now.guard?.pid === pid;
    if (!named && clock.monotonic() - beganMs > startsWithinMs) return;
    if (now !== undefined && !(await isAlive(now.host)) && (await state().catch(() => null))?.armed) {
      warn(`the host (pid ${now.host.pid}) is gone in the middle of run ${now.armed.runId} and is started again`);
      await launchHost().catch((thrown: unknown) => warn(`the host could not be started: ${String(thrown)}`));
      await untilReplaced(now, { state, clock });
    }
    await clock.sleep(lookEveryMs);
  }
}

async function untilReplaced(
  before: DeadManState,
  { state, clock }: { state: () => Promise<DeadManState | null>; clock: Clock },
): Promise<void> {
  const endMs = clock.monotonic() + startsWithinMs;
  while (clock.monotonic() < endMs) {
    await clock.sleep(lookEveryMs);
    const now = await state().catch(() => null);
    if (now === null || now.host.pid !== before.host.pid || now.host.start !== before.host.start) return;
  }
}
