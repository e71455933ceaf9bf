import { acquireLock, readLock } from '../journal/lock.ts';
import { loadRun, readJournal } from '../journal/replay.ts';
import { type RunFolder, runFolder } from '../journal/state-folder.ts';
import { hostUp } from '../local-host/host-control.ts';
import type { Clock } from '../model/clock.ts';
import { isLocal } from '../model/config/target.ts';
import { toDeployError } from '../model/deploy-error.ts';
import { changedAtMs, fileExists } from '../system/files.ts';
import { writeOwnLog } from '../system/own-log.ts';
import { currentIdentity, isAlive, type ProcessIdentity } from '../system/process-identity.ts';
import { watchDirectory } from './dead-man-port.ts';
import { isRemembered } from './finish-run.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun, type ProjectPlace } from './project.ts';
import { launchSupervisor } from './start-request.ts';

const lookEveryMs = 1000;
const retryAfterMs = 5000;
const hostUpWithinMs = 20_000;
const silentLooksAllowed = 15;

/**
 * Sees to it that a run has an owner, and its host, until it is over and written down: when the supervisor is gone a new
 * one is started, which decides by `reconcile`. One for each run; whatever goes wrong in one look is tried at the next.
 */
export async function watchRun(projectDirectory: string, runId: string, clock: Clock): Promise<void> {
  const project = await locateProject(projectDirectory);
  const folder = runFolder(project.state, runId);
  // A run of a newer program is for that one to watch over.
  if ((await readJournal(folder.journal))?.newer) return;
  const owner = { runId, identity: await currentIdentity(), sinceMs: clock.now() };
  const alone = await acquireLock({ directory: watchDirectory(folder), owner, clock });
  if (!alone.ok) return;
  const watch: Watch = { project, folder, runId, clock, quietUntilMs: 0, beatMs: null, silentLooks: 0 };
  while (await fileExists(folder.directory)) {
    const over = await look(watch).catch((thrown: unknown) => {
      writeOwnLog(`watchdog of ${runId}: ${toDeployError(thrown).message}`);
      return false;
    });
    if (over) break;
    await clock.sleep(lookEveryMs);
  }
  await alone.release().catch(() => undefined);
}

type Watch = {
  project: ProjectPlace;
  folder: RunFolder;
  runId: string;
  clock: Clock;
  quietUntilMs: number;
  /** Last heartbeat that was seen, and how many looks in a row it has been the same. */
  beatMs: number | null;
  silentLooks: number;
};

/** One look; true when there is nothing left to watch over. */
async function look(watch: Watch): Promise<boolean> {
  const { project, folder, runId, clock } = watch;
  const record = await loadRun(folder.directory);
  // Without a journal nothing was begun: the next start takes the target.
  if (record === null) return true;
  if (record.newer !== null) return true;
  const over = record.status === 'ended';
  if (over && (await isRemembered(project, record))) return true;
  const place = openPlace(await openProjectOfRun(project, runId), record.plan.content.environment);
  const lock = await readLock(place.lockDirectory);
  if (lock.state === 'held') {
    if (lock.holder.runId !== runId) return true;
    if (!over) await endStoppedOwner(watch, lock.holder.identity);
  } else if (clock.monotonic() >= watch.quietUntilMs) {
    watch.quietUntilMs = clock.monotonic() + retryAfterMs;
    await launchSupervisor(project, folder, 'resume');
  }
  if (!over) await reviveHost(place);
  return false;
}

/**
 * An owner that lives but has stopped working guards nobody. It is counted in looks, not in time: when this whole machine
 * slept, both of us did. Before the first heartbeat the owner is busy with pre-flight.
 */
async function endStoppedOwner(watch: Watch, owner: ProcessIdentity): Promise<void> {
  const beatMs = await changedAtMs(watch.folder.heartbeat);
  watch.silentLooks = beatMs !== null && beatMs === watch.beatMs ? watch.silentLooks + 1 : 0;
  watch.beatMs = beatMs;
  if (watch.silentLooks < silentLooksAllowed || !(await isAlive(owner))) return;
  writeOwnLog(
    `watchdog of ${watch.runId}: its owner (pid ${owner.pid}) has not worked for ${watch.silentLooks} s and is ended`,
  );
  process.kill(owner.pid, 'SIGKILL');
  watch.silentLooks = 0;
}

/** A run needs its local host: one that died is started again and serves what its state says. A host that never was is the run's to start. */
async function reviveHost(place: Place): Promise<void> {
  if (!isLocal(place.spec.target)) return;
  const signal = AbortSignal.timeout(hostUpWithinMs);
  const state = await place.target.inspect(signal);
  if (!state.up && state.revisions.length > 0) await hostUp(place.target, signal);
}
