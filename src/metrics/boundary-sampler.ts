import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm } from '../model/metric-source.ts';
import { type BucketCounts, bucketsOfCumulative } from './latency-buckets.ts';
import type { ArmWindow, SampledWindow, Sampler, ShareCounts } from './sampled-window.ts';

/** A share as it was read: totals since a start, or what came about in the last interval. */
export type ReadShare = ShareCounts & { since: 'start' | 'interval' };

/** What a source said of one arm at one instant. */
export type ArmReading =
  | {
      status: 'read';
      /** Changes when the totals begin anew; null where the source does not tell. */
      epoch: string | null;
      requests: ReadShare | null;
      /** Totals by upper edge in ms; null where there are none. */
      latency: ReadonlyMap<number, number> | null;
      events: ReadonlyMap<string, ReadShare>;
    }
  | { status: 'no_data'; reason: string }
  | { status: 'error'; reason: string };

export type Reading = Readonly<Record<Arm, ArmReading>>;

export type BoundarySamplerOptions = {
  everyMs: number;
  clock: Clock;
  /** Throws when nothing could be read of either arm. */
  read(signal: AbortSignal): Promise<Reading>;
};

/**
 * For sources that only tell how things stand now: reads at every multiple of `everyMs` and takes differences. A reading
 * that fails, or comes so late that it would belong to no boundary, loses the windows on both sides of it for good.
 */
export function createBoundarySampler({ everyMs, clock, read }: BoundarySamplerOptions): Sampler {
  // A clock that never jumps, so that no boundary comes twice or never.
  const wallMs = clock.now() - clock.monotonic();
  const nowMs = (): number => wallMs + clock.monotonic();
  let nextMs = Math.ceil(nowMs() / everyMs) * everyMs;
  let last: { atMs: number; reading: Reading } | null = null;
  let failure = 'it was not read in time';
  let highest: Highest = { baseline: { epoch: null, samples: 0 }, canary: { epoch: null, samples: 0 } };
  return {
    untilNextMs: () => nextMs - nowMs(),
    sample: async (signal) => {
      const atMs = Math.floor(nowMs() / everyMs) * everyMs;
      nextMs = atMs + everyMs;
      try {
        const reading = await read(signal);
        const lateMs = nowMs() - atMs;
        if (lateMs > everyMs / 2)
          throw new Error(`the answer came ${Math.round(lateMs)} ms after its time, more than half an interval`);
        const windows = last === null ? [] : windowsBetween({ ...last, everyMs, failure, highest }, { atMs, reading });
        last = { atMs, reading };
        highest = {
          baseline: highestOf(reading.baseline, highest.baseline),
          canary: highestOf(reading.canary, highest.canary),
        };
        failure = 'it was not read in time';
        return { knownUntilMs: atMs, windows, problem: problemOf(reading) };
      } catch (thrown) {
        failure = thrown instanceof Error ? thrown.message : toDeployError(thrown).message;
        throw thrown instanceof Error ? thrown : toDeployError(thrown);
      }
    },
  };
}

function problemOf(reading: Reading): string | null {
  for (const one of [reading.baseline, reading.canary]) if (one.status === 'error') return one.reason;
  return null;
}

type Past = { atMs: number; reading: Reading; everyMs: number; failure: string; highest: Highest };

/** Most requests that an arm's totals have reached since they began anew, and which beginning that was. */
type Highest = Record<Arm, { epoch: string | null; samples: number }>;

function highestOf(reading: ArmReading, before: Highest[Arm]): Highest[Arm] {
  if (reading.status !== 'read' || reading.requests?.since !== 'start') return before;
  const { epoch, requests } = reading;
  return { epoch, samples: epoch === before.epoch ? Math.max(before.samples, requests.samples) : requests.samples };
}

/** Totals of which more failed than there were are an answer that means something else. */
function impossibleTotals(reading: ArmReading): ArmWindow | null {
  if (reading.status !== 'read' || reading.requests === null) return null;
  const reason = contradiction(reading.requests);
  return reason === null ? null : { status: 'error', reason };
}

function contradiction({ samples, failures }: ShareCounts): string | null {
  return failures > samples ? `${failures} failures of ${samples} requests contradict each other` : null;
}

/**
 * Totals that had fallen and now pass what they had reached before come from several instances in turn: their rise is not
 * what came about in the window.
 */
function jumpBack(highest: Highest[Arm], before: ArmReading | null, after: ArmReading): ArmWindow | null {
  if (before?.status !== 'read' || after.status !== 'read' || before.epoch !== after.epoch) return null;
  if (before.requests?.since !== 'start' || after.requests === null) return null;
  const fallen = before.requests.samples < highest.samples;
  if (!fallen || after.requests.samples < highest.samples) return null;
  return {
    status: 'error',
    reason: `totals fell to ${before.requests.samples} and are at ${after.requests.samples} again: they seem to be those of several instances in turn; \`since\` would tell them apart`,
  };
}

function windowsBetween(past: Past, now: { atMs: number; reading: Reading }): SampledWindow[] {
  const { everyMs, failure } = past;
  const windows: SampledWindow[] = [];
  for (let fromMs = past.atMs; fromMs + everyMs < now.atMs; fromMs += everyMs) {
    const lost: ArmWindow = { status: 'error', reason: failure };
    windows.push({ fromMs, arms: { baseline: lost, canary: lost } });
  }
  const lastRead = now.atMs - everyMs === past.atMs ? past.reading : null;
  const armWindow = (arm: Arm): ArmWindow =>
    impossibleTotals(now.reading[arm]) ??
    jumpBack(past.highest[arm], lastRead?.[arm] ?? null, now.reading[arm]) ??
    windowBetween(lastRead?.[arm] ?? null, now.reading[arm], failure);
  const fromMs = now.atMs - everyMs;
  return [...windows, { fromMs, arms: { baseline: armWindow('baseline'), canary: armWindow('canary') } }];
}

/** One arm's window from what was read at its begin (null: nothing was) and at its end. Pure. */
export function windowBetween(before: ArmReading | null, after: ArmReading, failure: string): ArmWindow {
  if (after.status !== 'read') return after;
  const from = before?.status === 'read' ? before : null;
  const whyNot =
    before === null ? failure : before.status === 'error' ? before.reason : 'this is the first reading of these totals';
  try {
    const restarted = from !== null && from.epoch !== null && from.epoch !== after.epoch;
    const since = (share: ReadShare, earlier: ReadShare | null | undefined): ShareCounts =>
      share.since === 'interval' ? plain(share) : difference({ share, earlier, restarted, whyNot });
    const requests = after.requests === null ? null : since(after.requests, from?.requests);
    // Events may follow opportunities of an earlier window; failures are among the requests that ended with them.
    const mistake = requests === null ? null : contradiction(requests);
    if (mistake !== null) throw new Error(mistake);
    return {
      status: 'known',
      requests,
      latency: latencyDifference(from?.latency ?? null, after.latency, restarted),
      events: new Map([...after.events].map(([name, share]) => [name, since(share, from?.events.get(name))])),
    };
  } catch (thrown) {
    return { status: 'error', reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function plain({ samples, failures }: ShareCounts): ShareCounts {
  return { samples, failures };
}

/**
 * A total that falls without a word about a new start may be the sum over several instances of which one began anew, and
 * then nobody can tell what was counted since: the window is lost, not guessed.
 */
function difference(of: {
  share: ReadShare;
  earlier: ReadShare | null | undefined;
  restarted: boolean;
  whyNot: string;
}): ShareCounts {
  const { share, earlier, restarted, whyNot } = of;
  if (restarted) return plain(share);
  if (earlier === null || earlier === undefined) throw new Error(whyNot);
  const samples = share.samples - earlier.samples;
  const failures = share.failures - earlier.failures;
  if (samples < 0 || failures < 0)
    throw new Error(
      `totals fell (${earlier.samples} → ${share.samples}, failures ${earlier.failures} → ${share.failures}), as after a restart; \`since\` would tell from when they count`,
    );
  return { samples, failures };
}

function latencyDifference(
  earlier: ReadonlyMap<number, number> | null,
  later: ReadonlyMap<number, number> | null,
  restarted: boolean,
): BucketCounts | null {
  if (later === null || (earlier === null && !restarted)) return null;
  const grown = new Map<number, number>();
  for (const [edge, total] of later) {
    const before = restarted ? 0 : earlier?.get(edge);
    if (before === undefined || total < before) return null;
    grown.set(edge, total - before);
  }
  return bucketsOfCumulative(grown);
}
