import { z } from 'zod';
import { DeployError } from '../../model/deploy-error.ts';
import { type Revision, revisionSchema } from '../../model/revision.ts';
import { ensurePrivateDirectory, readJsonFile, writeFileAtomic } from '../../system/files.ts';

const memorySchema = z.strictObject({
  version: z.literal(1),
  /** Highest fence that acted from here. */
  fence: z.number().int().nonnegative(),
  /** Revisions that were handed to the programs, newest first: a platform often knows a commit only. */
  revisions: z.array(revisionSchema),
});
export type Memory = z.infer<typeof memorySchema>;

const empty: Memory = { version: 1, fence: 0, revisions: [] };
const kept = 500;

export type CommandMemory = {
  read(): Promise<Memory>;
  /** Notes who acts and upon what, before the act. Throws TARGET_FENCED when a newer owner has acted. */
  note(act: { fence: number; seenFence: number; revision: Revision | null }): Promise<void>;
};

/** What no platform can be expected to keep: the fence, and which revision a commit stands for. */
export function createCommandMemory(directory: string): CommandMemory {
  const path = `${directory}/command.json`;
  const read = async (): Promise<Memory> => (await readJsonFile(path, memorySchema)) ?? empty;
  return {
    read,
    note: async ({ fence, seenFence, revision }) => {
      const before = await read();
      const seen = Math.max(before.fence, seenFence);
      if (fence < seen) throw new DeployError('TARGET_FENCED', { seen, fence });
      const others = before.revisions.filter(({ id }) => id !== revision?.id);
      const revisions = [...(revision === null ? [] : [revision]), ...others].slice(0, kept);
      if (before.fence === fence && JSON.stringify(before.revisions) === JSON.stringify(revisions)) return;
      await ensurePrivateDirectory(directory);
      await writeFileAtomic(path, JSON.stringify({ version: 1, fence, revisions }));
    },
  };
}
