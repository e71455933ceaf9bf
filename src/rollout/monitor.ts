import { assessHardRules, type FiredRule } from '../analysis/hard-rules.ts';
import type { Judge } from '../analysis/judge.ts';
import { quantileOfHistogram } from '../analysis/latency-quantile.ts';
import type { Arm, Measurement, MetricQuery, Window } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import { cellMs, fastAgeMs, type InstanceEvent } from '../model/traffic.ts';
import type { ArmCounts, Verdict } from '../model/verdict.ts';
import type { RolloutPorts } from './ports.ts';

const noCounts: ArmCounts = { requests: 0, failures: 0 };

export type Monitor = {
  /** Takes in what has become known since the last call; cheap, called every tick in every state of the run. */
  observe(): Promise<void>;
  verdicts(): Verdict[];
  baselineBreaches(): ReadonlySet<string>;
  firedRules(): readonly FiredRule[];
  beginBake(stepId: string): void;
  /** The weight that was last read back from the target. */
  setWeight(weightPercent: number): void;
  /** End (Unix ms) of the last second that was journalled. */
  countedUntilMs(): number;
};

type State = {
  ports: RolloutPorts;
  plan: Plan;
  judge: Judge;
  /** Arrival time (Unix ms) up to which each consumer has taken the windows in. */
  cursors: { fast: number; full: number; second: number };
  events: Array<InstanceEvent & { arm: Arm }>;
  weightPercent: number;
  wrongRevision: number;
};

/**
 * Turns measurements into evidence: every arrival window of 250 ms is judged twice, when it is one second old and when
 * no request in it can be open any more, for both arms alike. Journals one summary a second and every instance event.
 */
export function createMonitor(ports: RolloutPorts, plan: Plan, judge: Judge): Monitor {
  const start = alignDown(ports.clock.now());
  const state: State = {
    ports,
    plan,
    judge,
    cursors: { fast: start, full: start, second: start },
    events: [],
    weightPercent: 0,
    wrongRevision: 0,
  };
  const { hardRules } = plan.content.judge;
  return {
    observe: () => observe(state),
    verdicts: () => judge.assess(ports.clock.now()),
    baselineBreaches: () => judge.baselineBreaches(),
    firedRules: () =>
      assessHardRules({
        events: state.events,
        wrongRevision: state.wrongRevision,
        rules: hardRules,
        nowMs: ports.clock.now(),
        instances: plan.content.instances,
      }),
    // Arrivals from before the change of weight belong to the step before.
    beginBake: (stepId) => judge.beginBake(stepId, alignDown(ports.clock.now()) + cellMs),
    setWeight: (weightPercent) => {
      state.weightPercent = weightPercent;
    },
    countedUntilMs: () => state.cursors.second,
  };
}

async function observe(state: State): Promise<void> {
  const { ports, plan } = state;
  for (const event of ports.metrics.takeInstanceEvents()) {
    state.events.push({ ...event, arm: event.revisionId === plan.content.revision.id ? 'canary' : 'baseline' });
    await ports.append({ type: 'instance', data: event });
  }
  const known = ports.metrics.knownUntilMs();
  if (known === null) return;
  takeWindows(state, { age: 'fast', ageMs: fastAgeMs, known });
  takeWindows(state, { age: 'full', ageMs: plan.content.judge.requestTimeoutMs, known });
  await journalSeconds(state);
}

function takeWindows(
  state: State,
  { age, ageMs, known }: { age: 'fast' | 'full'; ageMs: number; known: number },
): void {
  const { cursors, judge } = state;
  while (cursors[age] + cellMs + ageMs <= known) {
    const window = { fromMs: cursors[age], toMs: cursors[age] + cellMs };
    const canary = measureErrors(state, { ageMs, window, arm: 'canary' });
    const baseline = measureErrors(state, { ageMs, window, arm: 'baseline' });
    cursors[age] = window.toMs;
    // The window is known to be over, so its answer is final: what was lost stays lost, and nothing is assumed for it.
    if (canary.status === 'error' || baseline.status === 'error') continue;
    judge.addBatch({ ...window, age, canary: countsOf(canary), baseline: countsOf(baseline) });
    if (age === 'fast') takeWrongAnswers(state, window);
    else takeObjectives(state, window);
  }
}

/** At the full age: a request that hangs is as bad as one that failed. */
function takeObjectives(state: State, window: Window): void {
  const { ports, plan, judge } = state;
  const { slos, stratum, requestTimeoutMs } = plan.content.judge;
  for (const slo of slos) {
    const query: MetricQuery =
      slo.aboveMs === null
        ? { kind: 'errors', ageMs: requestTimeoutMs, stratum }
        : { kind: 'slower_than', aboveMs: slo.aboveMs, stratum };
    const measure = (arm: Arm): ArmCounts => countsOf(ports.metrics.measure(query, window, arm));
    judge.addSlo({ name: slo.name, ...window, canary: measure('canary'), baseline: measure('baseline') });
  }
}

function takeWrongAnswers(state: State, window: Window): void {
  const { ports, plan } = state;
  const { stratum } = plan.content.judge;
  state.wrongRevision += countsOf(
    ports.metrics.measure({ kind: 'wrong_revision', stratum }, window, 'canary'),
  ).failures;
}

async function journalSeconds(state: State): Promise<void> {
  const { cursors, judge, plan, ports, weightPercent } = state;
  const { stratum } = plan.content.judge;
  while (cursors.second + 1000 <= cursors.fast) {
    const window = { fromMs: cursors.second, toMs: cursors.second + 1000 };
    cursors.second = window.toMs;
    const count = (arm: Arm): ArmCounts => countsOf(measureErrors(state, { ageMs: fastAgeMs, window, arm }));
    const p99 = (arm: Arm): number | null => quantileOfHistogram(ports.metrics.latency(window, arm, stratum), 0.99);
    const verdict = judge.assess(ports.clock.now())[0];
    const evidence = { lnHarm: verdict?.lnHarm ?? 0, lnSafe: verdict?.lnSafe ?? 0 };
    await ports.append({
      type: 'counts',
      data: {
        ...window,
        stratum,
        weightPercent,
        canary: count('canary'),
        baseline: count('baseline'),
        p99CanaryMs: p99('canary'),
        p99BaselineMs: p99('baseline'),
        ...evidence,
      },
    });
  }
}

function measureErrors(
  { ports, plan }: State,
  { ageMs, window, arm }: { ageMs: number; window: Window; arm: Arm },
): Measurement {
  return ports.metrics.measure({ kind: 'errors', ageMs, stratum: plan.content.judge.stratum }, window, arm);
}

function alignDown(ms: number): number {
  return Math.floor(ms / cellMs) * cellMs;
}

function countsOf(measurement: Measurement): ArmCounts {
  return measurement.status === 'measured'
    ? { requests: measurement.samples, failures: measurement.failures }
    : noCounts;
}
