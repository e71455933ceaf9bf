import { createJudge, type JudgePlan } from '../analysis/judge.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import { type JudgeSettings, syntheticMetric, type Verdict } from '../model/verdict.ts';
import type { Monitor } from './monitor.ts';
import type { RolloutPorts } from './ports.ts';
import { createWindowReader } from './window-reader.ts';

/**
 * A monitor that judges synthetic requests beside those of users: a stratum of its own with a judge of its own, whose one
 * verdict stands beside the others. Nothing of it is added to what users met.
 */
export function withSynthetic(
  users: Monitor,
  ports: RolloutPorts,
  { plan, source, judgePlan }: { plan: Plan; source: MetricSource; judgePlan: JudgePlan },
): Monitor {
  const settings = syntheticSettings(plan.content.judge);
  if (settings === null) return users;
  const judge = createJudge(settings, judgePlan);
  const planOfProbes = { ...plan, content: { ...plan.content, judge: settings } };
  const windows = createWindowReader({ ...ports, metrics: source }, planOfProbes, judge);
  return {
    ...users,
    observe: async () => {
      windows.read();
      await users.observe();
    },
    verdicts: () => [...users.verdicts(), ...named(judge.assess(ports.clock.now())[0])],
    beginBake: (stepId) => {
      users.beginBake(stepId);
      windows.beginBake(stepId);
    },
    setWeight: (weightPercent) => {
      users.setWeight(weightPercent);
      windows.setWeight(weightPercent);
    },
  };
}

/** The rules for the synthetic requests of a run: its error rate alone, with its own share of the chance of a false rollback. */
function syntheticSettings(settings: JudgeSettings): JudgeSettings | null {
  const { synthetic } = settings;
  if (synthetic === null) return null;
  return {
    ...settings,
    errorRateShare: synthetic.share,
    comparisons: [],
    slos: [],
    requestTimeoutMs: synthetic.timeoutMs,
    stratum: 'probe',
  };
}

function named(verdict: Verdict | undefined): Verdict[] {
  if (verdict === undefined) return [];
  return [{ ...verdict, metric: syntheticMetric, sentence: `synthetic requests: ${verdict.sentence}` }];
}
