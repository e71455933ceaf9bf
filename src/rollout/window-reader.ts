import type { Judge } from '../analysis/judge.ts';
import { quantileOfReading } from '../analysis/latency-quantile.ts';
import type { JudgedWindow, WindowCounts } from '../model/judged-window.ts';
import type { Arm, Measurement, MetricQuery, Window } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { RunEvent } from '../model/run-event.ts';
import type { ArmCounts } from '../model/verdict.ts';
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
};

type State = {
  ports: RolloutPorts;
  plan: Plan;
  judge: Judge;
  weightPercent: number;
  /** When the weight was last changed, Unix ms; null before. */
  changedAtMs: number | null;
  /** Arrival time (Unix ms) up to which windows were handed to the judge once, and seconds to the journal. */
  cursors: { window: number; second: number };
  /** Windows whose requests had not all ended, or that stand behind such a one: objectives are fed in order. */
  waiting: Array<{ window: JudgedWindow; wrong: number }>;
  wrongRevision: number;
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
    weightPercent: 0,
    changedAtMs: null,
    cursors: { window: start, second: start },
    waiting: [],
    wrongRevision: 0,
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
      judge.beginBake(stepId, fromMs, state.weightPercent);
    },
    setWeight: (weightPercent) => {
      if (weightPercent !== state.weightPercent) state.changedAtMs = ports.clock.now();
      state.weightPercent = weightPercent;
    },
    countedUntilMs: () => state.cursors.second,
  };
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
    const window = judgedWindow(state, { span, concurrent: isConcurrent(state), known });
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
  // The source has lost it meanwhile; what it said last is what there is.
  entry.window = newer ?? { ...entry.window, settled: true };
  state.judge.observe(entry.window);
  countWrong(state, entry);
}

/**
 * A source that counts requests when they end says nothing for a while after a change of weight: those that fail at once
 * are there before those that succeed slowly.
 */
function isUnsettledByChange({ ports, changedAtMs }: State, { fromMs }: Window): boolean {
  const { countedBy, settleMs } = ports.metrics.traits;
  return countedBy === 'completion' && changedAtMs !== null && fromMs < changedAtMs + settleMs;
}

/** Probes go to both revisions whatever the weight; users only while the weight sends some of them to each. */
function isConcurrent({ plan, weightPercent }: State): boolean {
  const { stable, judge } = plan.content;
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
  const counts = { canary: windowCounts(canary), baseline: windowCounts(baseline) };
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
  const window = { ...span, settled: open === 0 || tooOld, concurrent, ...counts, latency };
  return open > 0 && tooOld ? withoutOpen(window) : window;
}

/** Whatever the source still calls open after the time-out has ended as far as the verdict goes. */
function withoutOpen(window: JudgedWindow): JudgedWindow {
  const { canary, baseline } = window;
  return { ...window, canary: { ...canary, open: 0 }, baseline: { ...baseline, open: 0 } };
}

const nothing: WindowCounts = { requests: 0, failures: 0, open: 0, failedUnits: 0, newUnits: 0 };

function windowCounts(measurement: Measurement): WindowCounts {
  if (measurement.status !== 'measured') return nothing;
  const { samples: requests, failures, open, failedUnits, newUnits } = measurement;
  return { requests, failures, open, failedUnits, newUnits };
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
function isReplaced({ plan, weightPercent, changedAtMs }: State, { toMs }: Window): boolean {
  const { steps } = plan.content;
  if (weightPercent < 100 || changedAtMs === null || toMs <= changedAtMs) return false;
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
  for (const { kind, metric } of comparisons) {
    if (kind !== 'events') continue;
    const lengthMs = ports.metrics.eventWindowMs?.(metric) ?? ports.metrics.traits.windowMs;
    const nowMs = ports.clock.now();
    let fromMs = eventCursors.get(metric) ?? Math.ceil(nowMs / lengthMs) * lengthMs;
    for (; fromMs + lengthMs <= nowMs; fromMs += lengthMs) {
      const span = { fromMs, toMs: fromMs + lengthMs };
      const of = (arm: Arm): Measurement => ports.metrics.measure({ kind: 'events', name: metric }, span, arm);
      const [canary, baseline] = [of('canary'), of('baseline')];
      const failed = canary.status === 'error' || baseline.status === 'error';
      if (failed && nowMs - span.toMs < sourceGraceMs) break;
      // A window in which the weight changed belongs to neither weight.
      if (!failed && isConcurrent(state) && fromMs >= (state.changedAtMs ?? fromMs))
        state.judge.addEvents({ metric, ...span, canary: eventsOf(canary), baseline: eventsOf(baseline) });
    }
    eventCursors.set(metric, fromMs);
  }
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
  const seconds: Second[] = [];
  while (known !== null && cursors.second + lengthMs <= cursors.window) {
    const span = { fromMs: cursors.second, toMs: cursors.second + lengthMs };
    const unsettled = state.waiting.some(
      ({ window }) => !window.settled && window.fromMs < span.toMs && window.toMs > span.fromMs,
    );
    if (unsettled && known < span.toMs + journalAgeMs) break;
    cursors.second = span.toMs;
    seconds.push(summarise(state, span));
  }
  return seconds;
}

function summarise(state: State, span: Window): Second {
  const { ports, plan, judge, weightPercent } = state;
  const { stratum } = plan.content.judge;
  const p99 = (arm: Arm): number | null => {
    const reading = ports.metrics.latency(span, arm, stratum);
    return reading === null ? null : quantileOfReading(reading, 0.99);
  };
  const verdict = judge.assess(ports.clock.now())[0];
  return {
    ...span,
    stratum,
    weightPercent,
    canary: countsOf(measure(state, span, 'canary')),
    baseline: countsOf(measure(state, span, 'baseline')),
    p99CanaryMs: p99('canary'),
    p99BaselineMs: p99('baseline'),
    lnHarm: verdict?.lnHarm ?? 0,
    lnSafe: verdict?.lnSafe ?? 0,
  };
}

function countsOf(measurement: Measurement): ArmCounts {
  return measurement.status === 'measured'
    ? { requests: measurement.samples, failures: measurement.failures }
    : { requests: 0, failures: 0 };
}
