import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { acquireRemoteLock, type HeldRemoteLock } from '../journal/remote-lock.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import { isRemoteName } from '../model/config/lock.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import { removeDirectory } from '../system/files.ts';
import { openLockRef, remoteAddress } from '../system/git-lock-ref.ts';
import { writeOwnLog } from '../system/own-log.ts';
import type { Place } from './place.ts';

/**
 * The lock between machines for a run that has the lock of this machine; null where the environment wants none. Throws
 * LOCK_ELSEWHERE, LOCK_REMOTE.
 */
export async function takeLockBetweenMachines(
  place: Place,
  runId: string,
  clock: Clock,
): Promise<HeldRemoteLock | null> {
  const { lock } = place.spec;
  if (lock === undefined) return null;
  const { project } = place;
  // Every machine knows the target by the same identity.
  const ref = lock.ref ?? `refs/seatrial/locks/${basename(place.lockDirectory)}`;
  const url = isRemoteName(lock.remote)
    ? await remoteAddress(project.directory, { home: join(project.stateRoot, 'repositories'), name: lock.remote })
    : lock.remote;
  const directory = join(runFolder(project.state, runId).directory, 'lock.git');
  const remote = await openLockRef({ directory, url, ref });
  const taken = await acquireRemoteLock({ remote, ref, runId, machine: hostname(), ttlMs: lock.ttl, clock });
  if (taken.ok) return { ...taken, release: () => taken.release().finally(() => removeDirectory(directory)) };
  const { holder } = taken;
  throw new DeployError('LOCK_ELSEWHERE', {
    ref,
    runId: holder.runId,
    machine: holder.machine,
    since: new Date(holder.sinceMs).toISOString(),
    until: new Date(holder.expiresAtMs).toISOString(),
  });
}

/**
 * Holds it beside a run that only goes back or is closed, as far as it can be had: users must not wait for another machine. The
 * function that comes back lets go of it.
 */
export function holdLockBetweenMachines(place: Place, runId: string, clock: Clock): () => Promise<void> {
  const stop = new AbortController();
  const taking = takeLockBetweenMachines(place, runId, clock).catch((thrown: unknown) => {
    writeOwnLog(`run ${runId} is led back without the lock between machines: ${toDeployError(thrown).message}`);
    return null;
  });
  void taking.then((held) => held?.keep(stop.signal));
  return async () => {
    stop.abort();
    await releaseLockBetweenMachines(await taking);
  };
}

/** The run is over: whoever cannot be told finds out when the time of the lock is over. */
export async function releaseLockBetweenMachines(held: HeldRemoteLock | null): Promise<void> {
  await held?.release().catch((thrown: unknown) => writeOwnLog(toDeployError(thrown).message));
}
