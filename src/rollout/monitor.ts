import { assessHardRules, type FiredRule } from '../analysis/hard-rules.ts';
import type { Judge } from '../analysis/judge.ts';
import type { Overdispersion } from '../analysis/overdispersion.ts';
import type { LatencySummary } from '../model/latency-summary.ts';
import type { Arm } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { InstanceEvent } from '../model/traffic.ts';
import type { ArmCounts, Verdict } from '../model/verdict.ts';
import type { RolloutPorts } from './ports.ts';
import { createWindowReader, type WindowReader } from './window-reader.ts';

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
  /** Requests of the baseline so far, and how its failures scatter. */
  baselineFacts(): ArmCounts & { overdispersion: Overdispersion };
  /** Latencies of both arms while the candidate had requests; null where nothing is known of them. */
  latencies(): LatencySummary | null;
  /** Canary requests of users that were judged so far, and how many of them failed. */
  canaryTotals(): ArmCounts;
};

type State = {
  ports: RolloutPorts;
  plan: Plan;
  judge: Judge;
  windows: WindowReader;
  events: Array<InstanceEvent & { arm: Arm }>;
  /** Of this tick: they are asked for several times, and open windows make them costly. */
  verdicts: Verdict[] | null;
};

/**
 * Turns measurements into evidence. Every arrival window goes to the judge as soon as it is over, for both arms alike, and
 * again until all its requests have ended. Journals one summary a second and every instance event.
 */
export function createMonitor(ports: RolloutPorts, plan: Plan, judge: Judge): Monitor {
  const windows = createWindowReader(ports, plan, judge);
  const state: State = { ports, plan, judge, windows, events: [], verdicts: null };
  const { hardRules } = plan.content.judge;
  return {
    observe: () => {
      state.verdicts = null;
      return observe(state);
    },
    verdicts: () => {
      state.verdicts ??= judge.assess(ports.clock.now());
      return state.verdicts;
    },
    baselineBreaches: () => judge.baselineBreaches(),
    firedRules: () =>
      assessHardRules({
        events: state.events,
        wrongRevision: windows.wrongRevision(),
        rules: hardRules,
        nowMs: ports.clock.now(),
        instances: plan.content.instances,
      }),
    beginBake: (stepId) => {
      state.verdicts = null;
      windows.beginBake(stepId);
    },
    setWeight: windows.setWeight,
    countedUntilMs: windows.countedUntilMs,
    baselineFacts: () => ({ ...judge.totals().baseline, overdispersion: judge.overdispersion() }),
    latencies: windows.latencies,
    canaryTotals: () => judge.totals().canary,
  };
}

async function observe({ ports, plan, windows, events }: State): Promise<void> {
  for (const event of ports.metrics.takeInstanceEvents()) {
    events.push({ ...event, arm: event.revisionId === plan.content.revision.id ? 'canary' : 'baseline' });
    await ports.append({ type: 'instance', data: event });
  }
  windows.read();
  for (const second of windows.takeSeconds()) await ports.append({ type: 'counts', data: second });
}
