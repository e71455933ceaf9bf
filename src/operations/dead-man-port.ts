import { join } from 'node:path';
import { readLock } from '../journal/lock.ts';
import { type RunFolder, runFolder } from '../journal/state-folder.ts';
import type { DeadManFired, DeadManOrder } from '../model/dead-man.ts';
import { isOneWayMigration } from '../model/one-way.ts';
import type { Plan } from '../model/plan.ts';
import type { Act } from '../model/target.ts';
import type { DeadManPort } from '../rollout/ports.ts';
import { currentIdentity, type ProcessIdentity } from '../system/process-identity.ts';
import type { Place } from './place.ts';
import { rerouteProgram, watchdogProgram } from './start-request.ts';

/** Longer than a watchdog waits for an owner that has stopped working, so that it is the watchdog that acts first, ms. */
export const deadManHoldMs = 30_000;

const armWithinMs = 30_000;
const answerWithinMs = 5000;

export type DeadManPortRequest = { place: Place; plan: Plan; runId: string; generation: number };

/** The dead-man rollback of the target for one run and its present owner; null where the target can hold none. */
export function createDeadManPort({ place, plan, runId, generation }: DeadManPortRequest): DeadManPort | null {
  const { deadMan } = place.target;
  if (deadMan === undefined) return null;
  const { revision, stable, instances, migration } = plan.content;
  const folder = runFolder(place.project.state, runId);
  const order = async (): Promise<DeadManOrder> => ({
    runId,
    fence: generation,
    candidateId: revision.id,
    stableId: stable?.id ?? null,
    instances,
    does: isOneWayMigration(migration) ? 'freeze' : 'roll_back',
    holdMs: deadManHoldMs,
    owners: await ownersOf(folder),
    wake: watchdogProgram(place.project, folder),
    reroute: rerouteProgram(place.project, folder, { environment: place.name, candidateId: revision.id, generation }),
  });
  const arm = async (): Promise<void> => {
    const act: Act = {
      idempotencyKey: `${runId}:dead-man:${generation}`,
      fence: generation,
      deadlineMs: armWithinMs,
      signal: new AbortController().signal,
    };
    await deadMan.arm(await order(), act);
  };
  return {
    promise: describePromise(plan),
    arm,
    renew: async () => {
      const renewal = { runId, fence: generation, owners: await ownersOf(folder) };
      const { armed, fired } = await deadMan.renew(renewal, AbortSignal.timeout(answerWithinMs));
      if (isOf(fired, { runId, generation })) return fired;
      // A host that came up without what it held: it is told again.
      if (armed?.runId !== runId || armed.fence !== generation) await arm();
      return null;
    },
    disarm: () => deadMan.disarm({ runId, fence: generation }, AbortSignal.timeout(answerWithinMs)),
  };
}

function isOf(
  fired: DeadManFired | null,
  { runId, generation }: Pick<DeadManPortRequest, 'runId' | 'generation'>,
): fired is DeadManFired {
  return fired?.runId === runId && fired.fence === generation;
}

/** This process, and the watchdog once there is one. */
async function ownersOf(folder: RunFolder): Promise<ProcessIdentity[]> {
  const own = await currentIdentity();
  const watch = await readLock(watchDirectory(folder));
  return watch.state === 'held' ? [own, watch.holder.identity] : [own];
}

/** Lock of the one watchdog of a run. */
export function watchDirectory(folder: RunFolder): string {
  return join(folder.directory, 'watch');
}

function describePromise({ content: { stable, migration } }: Plan): string {
  const does = isOneWayMigration(migration)
    ? 'users stay where they are, because the migration cannot be undone'
    : stable === null
      ? 'the candidate is taken out of traffic'
      : `users go back to ${stable.version}`;
  return `when supervisor and watchdog are gone, or silent for ${deadManHoldMs / 1000} s, ${does}`;
}
