import type { RolloutPorts } from './ports.ts';

export type Verification = {
  expected: string;
  reads: number;
  matching: number;
  seen: Record<string, number>;
  ok: boolean;
  reason: string;
};

const wantedReads = 20;
const pauseMs = 25;

/**
 * Reads the traffic path as new users would until `wantedReads` answers have told their revision, at most for `withinMs`.
 * ok only when every one of them named `expected`. What cannot be read is not a match.
 */
export async function verifyRevision(
  ports: Pick<RolloutPorts, 'clock' | 'readLive'>,
  expected: string,
  options: { withinMs: number; signal: AbortSignal },
): Promise<Verification> {
  const seen: Record<string, number> = {};
  const end = ports.clock.now() + options.withinMs;
  let reads = 0;
  let unreadable = 0;
  while (reads < wantedReads && ports.clock.now() < end && !options.signal.aborted) {
    const revision = await ports.readLive(options.signal);
    if (revision === null) unreadable += 1;
    else {
      reads += 1;
      seen[revision] = (seen[revision] ?? 0) + 1;
    }
    await ports.clock.sleep(pauseMs, options.signal);
  }
  const matching = seen[expected] ?? 0;
  const ok = reads === wantedReads && matching === reads;
  return { expected, reads, matching, seen, ok, reason: explain({ expected, reads, matching, unreadable, ok }) };
}

/**
 * Asks as `wanted` new users at once, until every one of them was answered by another revision than `avoided`; null when that
 * did not happen in time.
 */
export async function waitUntilUnrouted(
  ports: RolloutPorts,
  avoided: string,
  options: { withinMs: number; signal: AbortSignal },
): Promise<{ reads: number } | null> {
  const wanted = 10;
  const end = ports.clock.now() + options.withinMs;
  let reads = 0;
  while (ports.clock.now() < end && !options.signal.aborted) {
    const told = await Promise.all(Array.from({ length: wanted }, () => ports.readLive(options.signal)));
    reads += wanted;
    if (told.every((revision) => revision !== null && revision !== avoided)) return { reads };
    await ports.clock.sleep(pauseMs, options.signal);
  }
  return null;
}

function explain(result: {
  expected: string;
  reads: number;
  matching: number;
  unreadable: number;
  ok: boolean;
}): string {
  if (result.ok)
    return `${result.matching} of ${result.reads} reads through the traffic path answered from ${result.expected}`;
  if (result.reads === 0) return `no answer through the traffic path told its revision (${result.unreadable} reads)`;
  return `only ${result.matching} of ${result.reads} reads answered from ${result.expected}; ${result.unreadable} could not be read`;
}
