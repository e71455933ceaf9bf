import type { Revision } from '../model/revision.ts';
import type { PlacedRevision } from '../model/target.ts';
import type { BoundedAct } from '../system/bounded-act.ts';
import type { HostAnswer } from './host/control-protocol.ts';
import { findPlaced, type LocalInstances, readyCount } from './local-instances.ts';

export type BatchRequest = { candidate: Revision; candidateInstances: number; stableInstances: number };

/** What differs between those who route users to local instances. */
export type BatchMoves = {
  provision(request: { revision: Revision; instances: number }, act: BoundedAct): Promise<void>;
  setWeight(request: { revisionId: string; weightPercent: number }, act: BoundedAct): Promise<void>;
  /** Exactly so many instances are left, and those that go have finished what they had. */
  shrink(placed: PlacedRevision, instances: number, act: BoundedAct): Promise<void>;
};

/** First what is missing, then the traffic, then what is too much: capacity never falls in between. */
export async function replaceBatch(
  instances: LocalInstances,
  moves: BatchMoves,
  { request, act }: { request: BatchRequest; act: BoundedAct },
): Promise<void> {
  const { candidate, candidateInstances, stableInstances } = request;
  const other = counterpart(await instances.ensure(act), candidate.id);
  const find = async ({ id }: Revision): Promise<PlacedRevision | null> => findPlaced(await instances.read(act), id);
  const grow = async (revision: Revision, wanted: number): Promise<void> => {
    const now = await find(revision);
    if (wanted > 0 && (now === null || readyCount(now) < wanted))
      await moves.provision({ revision, instances: wanted }, act);
  };
  const shrink = async (revision: Revision, wanted: number): Promise<void> => {
    const now = await find(revision);
    if (now !== null && (now.wantedInstances !== wanted || now.instances.length !== wanted))
      await moves.shrink(now, wanted, act);
  };
  await grow(candidate, candidateInstances);
  if (other !== null) await grow(other, stableInstances);
  const total = candidateInstances + stableInstances;
  const weightPercent = total === 0 ? 0 : Math.round((candidateInstances / total) * 10_000) / 100;
  await moves.setWeight({ revisionId: candidate.id, weightPercent }, act);
  if (other !== null) await shrink(other, stableInstances);
  await shrink(candidate, candidateInstances);
}

/** Whose instances come back or go while those of `candidateId` do the opposite. */
function counterpart(answer: HostAnswer, candidateId: string): Revision | null {
  const stable = answer.state.revisions.find((other) => other.role === 'stable');
  if (stable !== undefined && stable.revision.id !== candidateId) return stable.revision;
  return answer.state.revisions.find((other) => other.revision.id === answer.formerStableId)?.revision ?? null;
}
