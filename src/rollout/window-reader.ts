import type { Judge } from '../analysis/judge.ts';
import { quantileOfReading } from '../analysis/latency-quantile.ts';
import type { JudgedWindow, WindowCounts } from '../model/judged-window.ts';
import type { LatencySummary } from '../model/latency-summary.ts';
import type { Arm, Measurement, MetricQuery, Window } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run-event.ts';
import type { ArmCounts } from '../model/verdict.ts';
import { createLatencyTally, type LatencyTally } from './latency-tally.ts';
import { bringsUsers } from './meaning-of-promote.ts';
import type { RolloutPorts } from './ports.ts';

type Second = Extract<RunEvent, { type: 'counts' }>['data'];

export type WindowReader = {
  /** Hands every window that has become known, and every one that was not settled, to the judge. */
  read(): void;
  /** Summaries of the seconds that are due for the journal, each once. */
  takeSeconds(): Second[];
  /** Answers of the candidate that named another version. */
  wrongRevision(): number;
  beginBake(stepId: string): void;
  setWeight(weightPercent: number): void;
  countedUntilMs(): number;
  /** Of the seconds in which the candidate had requests, as far as those have ended; null where nothing is known of them. */
  latencies(): LatencySummary | null;
};

type State = {
  ports: RolloutPorts;
  plan: Plan;
  judge: Judge;
  /** Weights and since when (Unix ms) they were asked for, ascending; never empty. */
  weights: Array<{ atMs: number; weightPercent: number }>;
  /** New users are held against the split from here on (Unix ms); null while the weight is being changed. */
  splitFromMs: number | null;
  /** Arrival time (Unix ms) up to which windows were handed to the judge once, and seconds to the journal. */
  cursors: { window: number; second: number };
  /** Windows whose requests had not all ended, or that stand behind such a one: objectives are fed in order. */
  waiting: Array<{ window: JudgedWindow; wrong: number }>;
  wrongRevision: number;
  /** Journalled seconds in which requests were still open: written down again when those have ended. */
  unsettledSeconds: Second[];
  latencies: LatencyTally;
  /** Up to where each counted event was read. */
  eventCursors: Map<string, number>;
};

/** A second goes to the journal when it is this old, so that most of what failed in it is known. */
const journalAgeMs = 1000;

/** Reads a metrics source window by window. Only this knows what kind of windows the source has. */
export function createWindowReader(ports: RolloutPorts, plan: Plan, judge: Judge): WindowReader {
  const { windowMs } = ports.metrics.traits;
  const start = Math.floor(ports.clock.now() / windowMs) * windowMs;
  const state: State = {
    ports,
    plan,
    judge,
    weights: [{ atMs: Number.NEGATIVE_INFINITY, weightPercent: 0 }],
    splitFromMs: null,
    cursors: { window: start, second: start },
    waiting: [],
    wrongRevision: 0,
    unsettledSeconds: [],
    latencies: createLatencyTally(plan.content.judge.stratum),
    eventCursors: new Map(),
  };
  return {
    read: () => read(state),
    takeSeconds: () => takeSeconds(state),
    wrongRevision: () => state.wrongRevision,
    // Arrivals from before the change of weight belong to the step before.
    beginBake: (stepId) => {
      const { windowMs } = ports.metrics.traits;
      const fromMs = Math.floor(ports.clock.now() / windowMs) * windowMs + windowMs;
      state.splitFromMs ??= fromMs;
      judge.beginBake(stepId, fromMs, presentWeight(state));
    },
    setWeight: (weightPercent) => {
      if (weightPercent === presentWeight(state)) return;
      state.weights.push({ atMs: ports.clock.now(), weightPercent });
      state.splitFromMs = null;
    },
    countedUntilMs: () => state.cursors.second,
    latencies: () => state.latencies.summary(),
  };
}

function presentWeight({ weights }: State): number {
  return weights.at(-1)?.weightPercent ?? 0;
}

function read(state: State): void {
  readEvents(state);
  const known = state.ports.metrics.knownUntilMs();
  if (known === null) return;
  for (const entry of state.waiting.filter(({ window }) => !window.settled)) readAgain(state, entry, known);
  const { windowMs } = state.ports.metrics.traits;
  while (state.cursors.window + windowMs <= known) {
    const span = { fromMs: state.cursors.window, toMs: state.cursors.window + windowMs };
    state.cursors.window = span.toMs;
    if (isUnsettledByChange(state, span)) continue;
    const window = judgedWindow(state, { span, concurrent: isConcurrent(state, span), known });
    // The window is known to be over, so its answer is final: what was lost stays lost, and nothing is assumed for it.
    if (window === null) continue;
    const entry = { window, wrong: 0 };
    state.waiting.push(entry);
    state.judge.observe(window);
    countWrong(state, entry);
  }
  takeObjectives(state);
}

function readAgain(state: State, entry: State['waiting'][number], known: number): void {
  const { fromMs, toMs, concurrent } = entry.window;
  const newer = judgedWindow(state, { span: { fromMs, toMs }, concurrent, known });
  // A clock that went back makes the newest windows unknown for a while; they are not lost.
  if (newer === null && toMs > known) return;
  // The source has lost it meanwhile; what it said last is what there is, and what was open stays open.
  entry.window = newer ?? { ...entry.window, settled: true };
  state.judge.observe(entry.window);
  countWrong(state, entry);
}

/**
 * A source that learns of failures when they end says nothing for a while after a change of weight: what fails at once is
 * there before what succeeds slowly, and what hangs is not there yet.
 */
function isUnsettledByChange({ ports, weights }: State, { fromMs }: Window): boolean {
  const { settleMs } = ports.metrics.traits;
  return settleMs > 0 && weights.some(({ atMs }) => fromMs < atMs + settleMs && fromMs + settleMs >= atMs);
}

/** Probes go to both revisions whatever the weight; users only while the weight sends some of them to each. */
function isConcurrent({ plan, weights }: State, { fromMs }: Window): boolean {
  const { stable, judge } = plan.content;
  const weightPercent = weights.findLast(({ atMs }) => atMs <= fromMs)?.weightPercent ?? 0;
  if (stable === null || weightPercent >= 100) return false;
  return judge.stratum === 'probe' || weightPercent > 0;
}

function judgedWindow(
  state: State,
  { span, concurrent, known }: { span: Window; concurrent: boolean; known: number },
): JudgedWindow | null {
  const { metrics } = state.ports;
  const { stratum, requestTimeoutMs } = state.plan.content.judge;
  const [canary, baseline] = [measure(state, span, 'canary'), measure(state, span, 'baseline')];
  if (canary.status === 'error' || baseline.status === 'error') return null;
  const seesSplit = state.splitFromMs !== null && span.fromMs >= state.splitFromMs;
  const counts = { canary: windowCounts(canary, seesSplit), baseline: windowCounts(baseline, seesSplit) };
  const open = counts.canary.open + counts.baseline.open;
  const tooOld = known >= span.toMs + requestTimeoutMs + metrics.traits.windowMs;
  const latencies = {
    canary: metrics.latency(span, 'canary', stratum),
    baseline: metrics.latency(span, 'baseline', stratum),
  };
  const latency =
    latencies.canary === null || latencies.baseline === null
      ? null
      : { canary: latencies.canary, baseline: latencies.baseline };
  return { ...span, settled: open === 0 || tooOld, concurrent, ...counts, latency };
}

const nothing: WindowCounts = { requests: 0, failures: 0, open: 0, failedUnits: 0, newUnits: 0 };

function windowCounts(measurement: Measurement, seesSplit: boolean): WindowCounts {
  if (measurement.status !== 'measured') return { ...nothing, newUnits: seesSplit ? 0 : null };
  const { samples: requests, failures, open, failedUnits, newUnits } = measurement;
  return { requests, failures, open, failedUnits, newUnits: seesSplit ? newUnits : null };
}

function measure(state: State, window: Window, arm: Arm): Measurement {
  return ask(state, { kind: 'requests', stratum: state.plan.content.judge.stratum }, { window, arm });
}

function ask(state: State, query: MetricQuery, { window, arm }: { window: Window; arm: Arm }): Measurement {
  const { metrics } = state.ports;
  if (arm === 'canary' || !isReplaced(state, window)) return metrics.measure(query, window, arm);
  return { status: 'no_data', window, source: metrics.kind, reason: 'the stable revision was replaced where it stood' };
}

/**
 * Where promoting brings the users, the candidate may answer at the very address of the stable revision from then on: what is
 * asked there says nothing of the baseline any more.
 */
function isReplaced({ plan, weights }: State, { toMs }: Window): boolean {
  const { steps } = plan.content;
  const last = weights.at(-1);
  if (last === undefined || last.weightPercent < 100 || toMs <= last.atMs) return false;
  return steps.some((step) => bringsUsers(steps, step));
}

function countWrong(state: State, entry: State['waiting'][number]): void {
  const { stratum } = state.plan.content.judge;
  const { fromMs, toMs } = entry.window;
  const query: MetricQuery = { kind: 'wrong_revision', stratum };
  const now = countsOf(state.ports.metrics.measure(query, { fromMs, toMs }, 'canary')).failures;
  state.wrongRevision += Math.max(0, now - entry.wrong);
  entry.wrong = Math.max(entry.wrong, now);
}

/** When everything has ended: a request that hangs is as bad as one that failed. */
function takeObjectives(state: State): void {
  const { slos, stratum } = state.plan.content.judge;
  for (let first = state.waiting[0]; first?.window.settled; first = state.waiting[0]) {
    state.waiting.shift();
    const span = { fromMs: first.window.fromMs, toMs: first.window.toMs };
    for (const { name, aboveMs } of slos) {
      const query: MetricQuery =
        aboveMs === null ? { kind: 'requests', stratum } : { kind: 'slower_than', aboveMs, stratum };
      const count = (arm: Arm): ArmCounts => countsOf(ask(state, query, { window: span, arm }));
      state.judge.addSlo({ name, ...span, canary: count('canary'), baseline: count('baseline') });
    }
  }
}

/** Counted events come from sources of their own, which may lag behind: a window that is not known yet is asked for again. */
function readEvents(state: State): void {
  const { ports, plan, eventCursors } = state;
  const { comparisons, sourceGraceMs } = plan.content.judge;
  for (const comparison of comparisons) {
    if (comparison.kind !== 'events') continue;
    const { metric, lagMs } = comparison;
    const lengthMs = ports.metrics.eventWindowMs?.(metric) ?? ports.metrics.traits.windowMs;
    const nowMs = ports.clock.now();
    let fromMs = eventCursors.get(metric) ?? Math.ceil(nowMs / lengthMs) * lengthMs;
    for (; fromMs + lengthMs <= nowMs; fromMs += lengthMs) {
      const span = { fromMs, toMs: fromMs + lengthMs };
      const of = (arm: Arm): Measurement => ports.metrics.measure({ kind: 'events', name: metric }, span, arm);
      const [canary, baseline] = [of('canary'), of('baseline')];
      const failed = canary.status === 'error' || baseline.status === 'error';
      if (failed && nowMs - span.toMs < sourceGraceMs) break;
      if (!failed && isConcurrent(state, span) && !isMixed(state, span, lagMs))
        state.judge.addEvents({ metric, ...span, canary: eventsOf(canary), baseline: eventsOf(baseline) });
    }
    eventCursors.set(metric, fromMs);
  }
}

/** Whether events of a window, or the opportunities that led to them up to `lagMs` before, fell under different weights. */
function isMixed({ weights }: State, { fromMs, toMs }: Window, lagMs: number): boolean {
  return weights.some(({ atMs }) => atMs > fromMs - lagMs && atMs < toMs);
}

function eventsOf(measurement: Measurement): { events: number; opportunities: number } {
  const { requests, failures } = countsOf(measurement);
  return { events: failures, opportunities: requests };
}

function takeSeconds(state: State): Second[] {
  const { cursors, ports } = state;
  const known = ports.metrics.knownUntilMs();
  const { windowMs } = ports.metrics.traits;
  const lengthMs = Math.ceil(1000 / windowMs) * windowMs;
  const seconds = takeCorrections(state);
  // The same for all that are due now, and costly while much is open.
  let evidence: ReturnType<typeof evidenceNow> | null = null;
  while (known !== null && cursors.second + lengthMs <= cursors.window) {
    const span = { fromMs: cursors.second, toMs: cursors.second + lengthMs };
    const unsettled = hasOpen(state, span);
    if (unsettled && known < span.toMs + journalAgeMs) break;
    cursors.second = span.toMs;
    // What was lost is not written down as a second without requests.
    if (!isKnown(state, span)) continue;
    evidence ??= evidenceNow(state);
    const second = summarise(state, span, evidence);
    seconds.push(second);
    if (unsettled) state.unsettledSeconds.push(second);
    else tallyLatency(state, second);
  }
  return seconds;
}

/** Seconds that were written down while requests in them were open, and that have other numbers now that those have ended. */
function takeCorrections(state: State): Second[] {
  const ended = state.unsettledSeconds.filter((second) => !hasOpen(state, second));
  if (ended.length === 0) return [];
  state.unsettledSeconds = state.unsettledSeconds.filter((second) => !ended.includes(second));
  return ended.flatMap((second) => {
    const { fromMs, toMs } = second;
    if (!isKnown(state, { fromMs, toMs })) return [];
    tallyLatency(state, second);
    const now = numbersOf(state, { fromMs, toMs });
    const changed =
      now.canary.failures !== second.canary.failures || now.baseline.failures !== second.baseline.failures;
    return changed ? [{ ...second, ...now }] : [];
  });
}

/** Only when everything in it has ended: the slowest requests are the last to be known. */
function tallyLatency({ ports, plan, latencies }: State, { fromMs, toMs, canary }: Second): void {
  if (canary.requests === 0) return;
  const { stratum } = plan.content.judge;
  const reading = (arm: Arm) => ports.metrics.latency({ fromMs, toMs }, arm, stratum);
  latencies.add({ fromMs, toMs }, reading('canary'), reading('baseline'));
}

function hasOpen({ waiting }: State, { fromMs, toMs }: Window): boolean {
  return waiting.some(({ window }) => !window.settled && window.fromMs < toMs && window.toMs > fromMs);
}

function isKnown(state: State, span: Window): boolean {
  return measure(state, span, 'canary').status !== 'error' && measure(state, span, 'baseline').status !== 'error';
}

function summarise(state: State, span: Window, evidence: Pick<Second, 'lnHarm' | 'lnSafe'>): Second {
  const { stratum } = state.plan.content.judge;
  return { ...span, stratum, weightPercent: presentWeight(state), ...numbersOf(state, span), ...evidence };
}

function numbersOf(state: State, span: Window): Pick<Second, 'canary' | 'baseline' | 'p99CanaryMs' | 'p99BaselineMs'> {
  const { stratum } = state.plan.content.judge;
  const p99 = (arm: Arm): number | null => {
    const reading = state.ports.metrics.latency(span, arm, stratum);
    return reading === null ? null : quantileOfReading(reading, 0.99);
  };
  return {
    canary: countsOf(measure(state, span, 'canary')),
    baseline: countsOf(measure(state, span, 'baseline')),
    p99CanaryMs: p99('canary'),
    p99BaselineMs: p99('baseline'),
  };
}

function evidenceNow({ judge, ports }: State): Pick<Second, 'lnHarm' | 'lnSafe'> {
  const verdict = judge.assess(ports.clock.now())[0];
  return { lnHarm: verdict?.lnHarm ?? 0, lnSafe: verdict?.lnSafe ?? 0 };
}

function countsOf(measurement: Measurement): ArmCounts {
  return measurement.status === 'measured'
    ? { requests: measurement.samples, failures: measurement.failures }
    : { requests: 0, failures: 0 };
}
