import { readLock } from '../journal/lock.ts';
import { loadRun } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import { hostUp } from '../targets/process/host-control.ts';
import { openPlace, type Place } from './place.ts';
import { openProject } from './project.ts';
import { launchSupervisor } from './start-request.ts';

const lookEveryMs = 1000;
const retryAfterMs = 5000;
const hostUpWithinMs = 20_000;

/**
 * Sees to it that a run has an owner until it is over: when the supervisor is gone, a new one is started, which decides
 * by `reconcile`. Ends with the run.
 */
export async function watchRun(projectDirectory: string, runId: string, clock: Clock): Promise<void> {
  const project = await openProject(projectDirectory);
  const folder = runFolder(project.state, runId);
  let quietUntilMs = 0;
  let seen = false;
  for (;;) {
    const record = await loadRun(folder.directory).catch(() => null);
    // Ended, or its state folder was taken away.
    if (record?.status === 'ended' || (record === null && seen)) return;
    seen ||= record !== null;
    const place = openPlace(project, record?.plan.content.environment);
    const lock = await readLock(place.lockDirectory);
    const mine = lock.holder?.runId === runId;
    if (lock.state === 'held' && !mine) return;
    if ((lock.state === 'orphaned' || lock.state === 'free') && record !== null && clock.monotonic() >= quietUntilMs) {
      await launchSupervisor(projectDirectory, folder, 'resume').catch(() => undefined);
      quietUntilMs = clock.monotonic() + retryAfterMs;
    }
    if (record === null && lock.state === 'free' && clock.monotonic() > 60_000) return;
    if (record !== null) await reviveHost(place);
    await clock.sleep(lookEveryMs);
  }
}

/** A run needs its local host: one that died is started again and serves what its state says. A host that never was is the run's to start. */
async function reviveHost(place: Place): Promise<void> {
  const signal = AbortSignal.timeout(hostUpWithinMs);
  const state = await place.target.inspect(signal).catch(() => null);
  if (state === null || state.up || state.revisions.length === 0) return;
  await hostUp(place.target, signal).catch((thrown: unknown) => {
    process.stderr.write(`the host of ${place.name} could not be started again: ${toDeployError(thrown).message}\n`);
  });
}
