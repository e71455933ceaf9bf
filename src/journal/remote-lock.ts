import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import type { LockRef } from '../system/git-lock-ref.ts';

const holderSchema = z.strictObject({
  v: z.literal(1),
  /** Of this lock alone: it rises with every owner, also when the one before let go of it. */
  generation: z.number().int().positive(),
  runId: z.string().min(1).max(100),
  /** Name of the owner's machine, for people. */
  machine: z.string().max(300),
  /** Unix ms by the owner's clock. */
  sinceMs: z.number().int(),
  renewedAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  released: z.boolean(),
  /** Makes every entry another one, also two that are written in the same millisecond. */
  nonce: z.string(),
});
export type RemoteHolder = z.infer<typeof holderSchema>;

export type HeldRemoteLock = {
  ok: true;
  generation: number;
  /** Renews it until `signal` says stop; never throws. */
  keep(signal: AbortSignal): Promise<void>;
  /** Renews it once, or finds out that it is lost. Throws nothing: a remote that does not answer is tried again. */
  renew(): Promise<void>;
  /** Why no forward step may be taken any more; null while it is held for certain. Looks at nothing but the clock. */
  fenced(): string | null;
  /** Others may take it at once. Without effect when it is lost; throws LOCK_REMOTE. */
  release(): Promise<void>;
};
export type RefusedRemoteLock = { ok: false; holder: RemoteHolder };

export type RemoteLockRequest = {
  remote: LockRef;
  ref: string;
  runId: string;
  machine: string;
  ttlMs: number;
  clock: Clock;
};

/** Of the ttl: an owner that renews three times within it survives two failures. */
const renewals = 3;

/**
 * Takes the lock between machines, or tells who has it. An owner that let its time run out, by the wall clock of its entry, may be
 * followed; so may an earlier owner of the same run, which the lock of this machine has proven dead. Throws LOCK_REMOTE.
 */
export async function acquireRemoteLock(request: RemoteLockRequest): Promise<HeldRemoteLock | RefusedRemoteLock> {
  const { remote, runId, clock } = request;
  for (;;) {
    const began = moment(clock);
    const found = await remote.read();
    const holder = found === null ? null : parseHolder(found.text, request.ref);
    if (holder !== null && !holder.released && holder.runId !== runId && began.wallMs < holder.expiresAtMs)
      return { ok: false, holder };
    const entry = entryOf(request, { generation: (holder?.generation ?? 0) + 1, sinceMs: began.wallMs });
    const oid = await remote.move(found?.oid ?? null, canonicalJson(entry));
    // Somebody else was quicker: look at the lock as it is now.
    if (oid !== null) return heldLock(request, { entry, oid, began });
  }
}

type Moment = { wallMs: number; monotonicMs: number };

function heldLock(
  request: RemoteLockRequest,
  first: { entry: RemoteHolder; oid: string; began: Moment },
): HeldRemoteLock {
  const { remote, ref, ttlMs, clock } = request;
  const { generation, sinceMs } = first.entry;
  let { oid, began } = first;
  let lost: string | null = null;
  let turn: Promise<void> = Promise.resolve();

  const write = async (released: boolean): Promise<void> => {
    if (lost !== null) return;
    // Counted from before the entry was made: others count from what it says.
    const now = moment(clock);
    const entry = { ...entryOf(request, { generation, sinceMs }), released };
    const next = await remote.move(oid, canonicalJson(entry));
    if (next === null) lost = `the lock ${ref} was taken over by another machine`;
    else [oid, began] = [next, now];
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };
  const renew = (): Promise<void> => inTurn(() => write(false)).catch(() => undefined);
  return {
    ok: true,
    generation,
    renew,
    keep: async (signal) => {
      while (!signal.aborted && (await clock.sleep(ttlMs / renewals, signal)) === 'elapsed') await renew();
    },
    fenced: () => {
      if (lost !== null) return lost;
      const passedMs = passedSince(began, moment(clock));
      if (passedMs < ttlMs) return null;
      return `the lock ${ref} could not be renewed for ${Math.round(passedMs / 1000)} s`;
    },
    release: () => inTurn(() => write(true)),
  };
}

function entryOf(
  { runId, machine, ttlMs, clock }: RemoteLockRequest,
  { generation, sinceMs }: { generation: number; sinceMs: number },
): RemoteHolder {
  const nowMs = clock.now();
  return {
    v: 1,
    generation,
    runId,
    machine,
    sinceMs,
    renewedAtMs: nowMs,
    expiresAtMs: nowMs + ttlMs,
    released: false,
    nonce: randomUUID(),
  };
}

function parseHolder(text: string, ref: string): RemoteHolder {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new DeployError('LOCK_REMOTE', { ref, reason: 'what it holds is no lock of this version' }, thrown);
  }
}

function moment(clock: Clock): Moment {
  return { wallMs: clock.now(), monotonicMs: clock.monotonic() };
}

/** The larger of both clocks: one may have been set back, the other may have stood still while the machine slept. */
function passedSince(from: Moment, to: Moment): number {
  return Math.max(0, to.wallMs - from.wallMs, to.monotonicMs - from.monotonicMs);
}
