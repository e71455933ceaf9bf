import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, linkOnce, listDirectory, readJsonFile } from '../system/files.ts';
import { isAlive, processIdentitySchema } from '../system/process-identity.ts';

const ownerSchema = z.strictObject({
  /** The run that it is held for, so that an orphaned one is found. */
  runId: z.string().min(1),
  identity: processIdentitySchema,
  /** Unix ms. */
  sinceMs: z.number().int(),
});
export type LockOwner = z.infer<typeof ownerSchema>;

const holderSchema = ownerSchema.extend({ v: z.literal(1), generation: z.number().int().positive() });
export type LockHolder = z.infer<typeof holderSchema>;

export type LockReading =
  | { state: 'free'; generation: number; holder: null }
  | { state: 'held' | 'orphaned'; generation: number; holder: LockHolder };

export type HeldLock = {
  ok: true;
  /** Fencing token: whoever has a higher one came later and is right. */
  generation: number;
  /** The dead owner that was followed, whose run may have to be rolled back; null when the lock was free. */
  orphan: LockHolder | null;
  release(): Promise<void>;
  /** Nobody has followed and it has not been released. Asked before every act. */
  isStillOwner(): Promise<boolean>;
};
export type RefusedLock = { ok: false; holder: LockHolder; orphaned: boolean };

export type LockRequest = {
  directory: string;
  owner: LockOwner;
  clock: Clock;
  /** Whether a dead owner's lock may be taken; by default always. */
  mayFollow?: (orphan: LockHolder) => boolean | Promise<boolean>;
};

/**
 * Takes the lock of a place, or tells who has it. Files `g-<N>.json` are made by link() of a complete, synced file; the
 * highest N owns; `r-<N>` releases it. Nothing is ever deleted: that is what makes a take-over by two impossible.
 * Throws FILE_DAMAGED when the newest holder cannot be read.
 */
export async function acquireLock(request: LockRequest): Promise<HeldLock | RefusedLock> {
  const { directory, owner, clock, mayFollow = () => true } = request;
  await ensurePrivateDirectory(directory);
  for (let attempt = 1; ; attempt += 1) {
    const reading = await readLock(directory);
    if (reading.state === 'held') return { ok: false, holder: reading.holder, orphaned: false };
    if (reading.state === 'orphaned' && !(await mayFollow(reading.holder))) {
      return { ok: false, holder: reading.holder, orphaned: true };
    }
    const generation = reading.generation + 1;
    const holder: LockHolder = { v: 1, generation, ...ownerSchema.parse(owner) };
    if (await linkOnce(canonicalJson(holder), holderPath(directory, generation))) {
      return heldLock(directory, generation, reading.holder);
    }
    // Somebody else was quicker: look at the lock as it is now.
    await clock.sleep(Math.min(attempt, 20));
  }
}

/** Who has the lock of a place. Changes nothing. Throws FILE_DAMAGED when the newest holder cannot be read. */
export async function readLock(directory: string): Promise<LockReading> {
  const { generation, released } = await readGenerations(directory);
  if (generation === 0 || released) return { state: 'free', generation, holder: null };
  const holder = await readJsonFile(holderPath(directory, generation), holderSchema);
  // Listed and gone: somebody removed the folder, and with it every owner.
  if (holder === null) return { state: 'free', generation, holder: null };
  return { state: (await isAlive(holder.identity)) ? 'held' : 'orphaned', generation, holder };
}

function heldLock(directory: string, generation: number, orphan: LockHolder | null): HeldLock {
  return {
    ok: true,
    generation,
    orphan,
    release: async () => {
      await linkOnce('', releasePath(directory, generation));
    },
    isStillOwner: async () => {
      const now = await readGenerations(directory);
      return now.generation === generation && !now.released;
    },
  };
}

async function readGenerations(directory: string): Promise<{ generation: number; released: boolean }> {
  const names = await listDirectory(directory);
  const generation = Math.max(0, ...names.map((name) => Number(/^g-(\d+)\.json$/.exec(name)?.[1] ?? 0)));
  return { generation, released: names.includes(`r-${generation}`) };
}

function holderPath(directory: string, generation: number): string {
  return join(directory, `g-${generation}.json`);
}

/** Pure. */
export function releasePath(directory: string, generation: number): string {
  return join(directory, `r-${generation}`);
}
