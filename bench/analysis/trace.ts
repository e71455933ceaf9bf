import type { EventWindow, JudgedWindow, WindowCounts } from '../../src/model/judged-window.ts';
import type { LatencyReading } from '../../src/model/metric-source.ts';
import { latencyBucketOf, logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { type BurstSource, createBurstSource } from './burst-source.ts';
import { drawBucket, type LatencyTable, latencyTable } from './latency-draw.ts';
import { createRandom, type Random } from './random.ts';
import { latencyFactorOf, type Moment, momentOf, type Scenario } from './scenario.ts';

/** One window of a run, with what becomes of its requests in the end. */
export type TraceWindow = {
  fromMs: number;
  toMs: number;
  weightIndex: number;
  weightPercent: number;
  canary: ArmWindow;
  baseline: ArmWindow;
  events: EventWindow | null;
};

type ArmWindow = {
  requests: number;
  failures: number;
  failedUnits: number | null;
  newUnits: number;
  /** Sparse, ascending; null where latencies are not of interest. */
  counts: ReadonlyArray<readonly [number, number]> | null;
  /** Of every request when it ends, and whether it fails then; null when all have ended with the window. */
  endings: Endings | null;
};

type Endings = { endMs: Float64Array; failed: Uint8Array; bucket: Uint16Array; withLatency: boolean };

export type Trace = { next(): TraceWindow | null };

/** Share of the requests whose client has just come and is assigned to an arm. */
const newUnitShare = 0.1;
const coldRequests = 50;
const coldMs = 15_000;
const slowSigma = 0.2;

/**
 * Arrivals of one run in windows, one after the other, seeded: Poisson arrivals split at random between the arms, with
 * failures, latencies and events as the scenario has them.
 */
export function createTrace(scenario: Scenario, seed: number): Trace {
  // Of their own each, so that arrivals and failures are the same whether or not anybody looks at the rest.
  const draws = {
    arrivals: createRandom(seed),
    latencies: createRandom(seed ^ 0x20000000),
    events: createRandom(seed ^ 0x40000000),
    stuckUnit: createRandom(seed ^ 0x10000000).uniform(),
  };
  const arms = {
    canary: createArm(scenario, 'canary', draws),
    baseline: createArm(scenario, 'baseline', draws),
  };
  let fromMs = 0;
  return {
    next: () => {
      if (fromMs >= scenario.limitMs) return null;
      const moment = momentOf(scenario, fromMs);
      const span = { fromMs, toMs: fromMs + scenario.windowMs };
      fromMs = span.toMs;
      const canary = arms.canary(span, moment);
      const baseline = arms.baseline(span, moment);
      const { weightIndex, weightPercent } = moment;
      const events = drawEvents(draws.events, scenario, { ...span, canary, baseline });
      return { ...span, weightIndex, weightPercent, canary, baseline, events };
    },
  };
}

/** What the proxy would tell of the window at `nowMs`. */
export function viewAt(window: TraceWindow, nowMs: number): JudgedWindow {
  const canary = armViewAt(window.canary, nowMs);
  const baseline = armViewAt(window.baseline, nowMs);
  const { fromMs, toMs, weightPercent } = window;
  return {
    fromMs,
    toMs,
    settled: canary.counts.open === 0 && baseline.counts.open === 0,
    concurrent: weightPercent > 0 && weightPercent < 100,
    canary: canary.counts,
    baseline: baseline.counts,
    latency:
      canary.latency === null || baseline.latency === null
        ? null
        : { canary: canary.latency, baseline: baseline.latency },
  };
}

type Span = { fromMs: number; toMs: number };

function createArm(
  scenario: Scenario,
  arm: 'canary' | 'baseline',
  draws: { arrivals: Random; latencies: Random; stuckUnit: number },
): (span: Span, moment: Moment) => ArmWindow {
  const random = draws.arrivals;
  const bursts = scenario.burst === null ? null : createBurstSource(scenario.burst, random);
  const cold = { requests: 0 };
  return (span, moment) => {
    const share = arm === 'canary' ? moment.weightPercent / 100 : 1 - moment.weightPercent / 100;
    const mean = (scenario.requestsPerSecond * share * (span.toMs - span.fromMs)) / 1000;
    const ratio = arm === 'canary' ? moment.canaryRatio : moment.baselineRatio;
    const alone = scenario.burst?.excessAlone ? ratio - moment.baselineRatio : 0;
    const drawn = drawRequests({ random, mean, ratio, alone, bursts, span });
    const stuckArm = draws.stuckUnit < moment.weightPercent / 100 ? 'canary' : 'baseline';
    const stuck = stuckArm === arm ? stuckRequests(scenario, span) : { requests: 0, units: 0 };
    const clientsKnown = scenario.burst === null || scenario.burst.clientsKnown;
    const window = {
      requests: drawn.requests + stuck.requests,
      failures: drawn.failures + stuck.requests,
      failedUnits: clientsKnown ? drawn.failedUnits + stuck.units : null,
      newUnits: random.binomial(drawn.requests, newUnitShare),
    };
    if (scenario.slow !== null) {
      const endings = drawEndings(random, scenario, { ...window, arm, span, weightIndex: moment.weightIndex });
      return { ...window, counts: null, endings };
    }
    const counts = drawLatencies(draws.latencies, scenario, { arm, requests: window.requests, span, moment, cold });
    return { ...window, counts, endings: null };
  };
}

function drawRequests(about: {
  random: Random;
  mean: number;
  /** Shares of all requests: those that fail, and of them those that do so alone while others come in clusters. */
  ratio: number;
  alone: number;
  bursts: BurstSource | null;
  span: Span;
}): {
  requests: number;
  failures: number;
  failedUnits: number;
} {
  const { random, mean, ratio, alone, bursts, span } = about;
  if (bursts === null) {
    const requests = random.poisson(mean);
    const failures = random.binomial(requests, ratio);
    return { requests, failures, failedUnits: failures };
  }
  const sound = random.poisson(mean * (1 - ratio));
  const clustered = bursts.take(span, mean * (ratio - alone));
  const single = random.poisson(mean * alone);
  const failures = clustered.failures + single;
  return { requests: sound + failures, failures, failedUnits: clustered.failedUnits + single };
}

/** Of the user who always fails; one unit in every minute, as the proxy counts. They send at the end of a second. */
function stuckRequests({ stuckClient }: Scenario, { fromMs, toMs }: Span): { requests: number; units: number } {
  if (stuckClient === null) return { requests: 0, units: 0 };
  const seconds = Math.floor(toMs / 1000) - Math.floor(fromMs / 1000);
  const minutes = Math.floor(toMs / 60_000) - Math.floor(fromMs / 60_000);
  const first = seconds > 0 && Math.floor(fromMs / 1000) === 0 ? 1 : 0;
  return { requests: Math.round(seconds * stuckClient.perSecond), units: Math.min(seconds, minutes + first) };
}

function drawEndings(
  random: Random,
  scenario: Scenario,
  about: { arm: 'canary' | 'baseline'; requests: number; failures: number; span: Span; weightIndex: number },
): ArmWindow['endings'] {
  const { slow, latency } = scenario;
  if (slow === null) return null;
  const { arm, span, weightIndex, ...counts } = about;
  const factor = latency === null ? 1 : latencyFactorOf(scenario, latency, { arm, weightIndex, atMs: span.fromMs });
  const endMs = new Float64Array(counts.requests);
  const failed = new Uint8Array(counts.requests);
  const bucket = new Uint16Array(counts.requests);
  for (let request = 0; request < counts.requests; request++) {
    const fails = request < counts.failures;
    const lasts = (fails ? slow.failureMs : slow.successMs * factor) * Math.exp(slowSigma * random.normal());
    endMs[request] = span.fromMs + random.uniform() * (span.toMs - span.fromMs) + lasts;
    failed[request] = fails ? 1 : 0;
    bucket[request] = latencyBucketOf(lasts);
  }
  return { endMs, failed, bucket, withLatency: scenario.latency !== null };
}

function drawLatencies(
  random: Random,
  scenario: Scenario,
  about: { arm: 'canary' | 'baseline'; requests: number; span: Span; moment: Moment; cold: { requests: number } },
): ArmWindow['counts'] {
  const { latency } = scenario;
  if (latency === null) return null;
  const { arm, requests, span, moment, cold } = about;
  const usual = latencyFactorOf(scenario, latency, { arm, weightIndex: moment.weightIndex, atMs: span.fromMs });
  const coldNow = arm === 'canary' && latency.coldStart !== null && span.fromMs < latency.coldStart.lengthMs;
  const factor = usual * (coldNow ? (latency.coldStart?.factor ?? 1) : 1);
  const leftOut = latency.coldStart !== null && arm === 'canary' ? warming(cold, requests, span) : 0;
  return sparseCounts(random, latencyTable(latency, factor), requests - leftOut);
}

/** How many of the window's requests the proxy counts as warming. */
function warming(cold: { requests: number }, requests: number, span: Span): number {
  const leftOut = span.fromMs >= coldMs ? 0 : Math.min(requests, Math.max(0, coldRequests - cold.requests));
  cold.requests += requests;
  return leftOut;
}

function sparseCounts(random: Random, table: LatencyTable, requests: number): Array<[number, number]> {
  const buckets = new Uint16Array(requests);
  for (let request = 0; request < requests; request++) buckets[request] = drawBucket(table, random.uniform());
  return sparseOf(buckets.sort());
}

function sparseOf(sorted: ArrayLike<number>): Array<[number, number]> {
  const counts: Array<[number, number]> = [];
  for (let index = 0; index < sorted.length; index++) {
    const bucket = sorted[index] ?? 0;
    const last = counts[counts.length - 1];
    if (last !== undefined && last[0] === bucket) last[1] += 1;
    else counts.push([bucket, 1]);
  }
  return counts;
}

function drawEvents(
  random: Random,
  { events }: Scenario,
  window: Span & { canary: ArmWindow; baseline: ArmWindow },
): EventWindow | null {
  if (events === null) return null;
  const { fromMs, toMs, canary, baseline } = window;
  const draw = (requests: number, ratio: number): { events: number; opportunities: number } => ({
    events: random.binomial(requests, ratio),
    opportunities: requests,
  });
  return {
    metric: 'orders',
    fromMs,
    toMs,
    canary: draw(canary.requests, events.ratio * events.canaryFactor),
    baseline: draw(baseline.requests, events.ratio),
  };
}

function armViewAt(arm: ArmWindow, nowMs: number): { counts: WindowCounts; latency: LatencyReading | null } {
  const { requests, newUnits, endings } = arm;
  if (endings === null) {
    const latency = arm.counts === null ? null : { edgesMs: logLatencyEdgesMs, counts: arm.counts, open: 0 };
    return { counts: { requests, failures: arm.failures, open: 0, failedUnits: arm.failedUnits, newUnits }, latency };
  }
  let [open, failures] = [0, 0];
  for (let request = 0; request < requests; request++) {
    if ((endings.endMs[request] ?? 0) > nowMs) open += 1;
    else failures += endings.failed[request] ?? 0;
  }
  const failedUnits = arm.failedUnits === null ? null : Math.min(failures, arm.failedUnits);
  return { counts: { requests, failures, open, failedUnits, newUnits }, latency: endedLatency(endings, nowMs, open) };
}

function endedLatency({ endMs, bucket, withLatency }: Endings, nowMs: number, open: number): LatencyReading | null {
  if (!withLatency) return null;
  const ended = bucket.filter((_, request) => (endMs[request] ?? 0) <= nowMs);
  return { edgesMs: logLatencyEdgesMs, counts: sparseOf(ended.sort()), open };
}
