import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../system/canonical-json.ts';
import { linkOnce, listDirectory, readJsonFile } from '../system/files.ts';
import { type LockHolder, releasePath } from './lock.ts';

const forcedSchema = z.strictObject({
  v: z.literal(1),
  /** The one that was released for its owner. */
  generation: z.number().int().positive(),
  runId: z.string(),
  by: z.string(),
  reason: z.string(),
  atMs: z.number().int(),
});
export type ForcedRelease = z.infer<typeof forcedSchema>;

/**
 * Releases a lock whose owner is dead, and writes down beside it who did so and why, before it is done. The next owner has a higher
 * generation: should the old one live after all, everything that it tries is fenced off. False when somebody has released it meanwhile.
 */
export async function forceRelease(
  directory: string,
  holder: LockHolder,
  who: Pick<ForcedRelease, 'by' | 'reason' | 'atMs'>,
): Promise<boolean> {
  const { generation, runId } = holder;
  const record: ForcedRelease = { v: 1, generation, runId, ...who };
  await linkOnce(canonicalJson(forcedSchema.parse(record)), recordPath(directory, generation));
  return linkOnce('', releasePath(directory, generation));
}

/** Who opened that generation of a lock; null when its owner let go of it by itself. Throws FILE_DAMAGED. */
export function readForcedRelease(directory: string, generation: number): Promise<ForcedRelease | null> {
  return readJsonFile(recordPath(directory, generation), forcedSchema);
}

/** Every one of a lock, oldest first; what cannot be read is left out. */
export async function forcedReleases(directory: string): Promise<ForcedRelease[]> {
  const generations = (await listDirectory(directory)).flatMap((name) => /^u-(\d+)\.json$/.exec(name)?.[1] ?? []);
  const read = generations.map((generation) => readForcedRelease(directory, Number(generation)).catch(() => null));
  return (await Promise.all(read)).flatMap((one) => one ?? []).sort((one, other) => one.generation - other.generation);
}

function recordPath(directory: string, generation: number): string {
  return join(directory, `u-${generation}.json`);
}
