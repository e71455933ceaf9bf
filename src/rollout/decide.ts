import type { FiredRule } from '../analysis/hard-rules.ts';
import { renderMs } from '../model/step.ts';
import type { Decision, JudgeSettings, Verdict } from '../model/verdict.ts';

export type Situation = {
  settings: JudgeSettings;
  verdicts: readonly Verdict[];
  /** Names of objectives that the baseline breaks too. */
  baselineBreaches: ReadonlySet<string>;
  firedRules: readonly FiredRule[];
  /** The bake that is going on; null between bakes, where nothing can advance. */
  bake: { elapsedMs: number; minMs: number; maxMs: number } | null;
  /** Ms since the metrics source was last heard. */
  sourceSilentMs: number;
  /** Why a person has paused the run; null when nobody has. */
  paused: string | null;
  /** Triggers whose harm a person has accepted. */
  accepted: ReadonlySet<string>;
  /** Who chose to go forward in spite of proven harm; null when nobody has. */
  harmAcceptedBy: string | null;
  /** Who let the run go past this bake without a proof; null when nobody has. */
  promotedBy: string | null;
};

/** The one place where evidence becomes an action. Harm comes first, then what a person chose, then doubt, then time, then proof. Pure. */
export function decide(situation: Situation): Decision {
  return decideOnHarm(situation) ?? decideByPerson(situation) ?? decideOnDoubt(situation) ?? decideOnProof(situation);
}

function decideOnHarm({ firedRules, verdicts, baselineBreaches, accepted }: Situation): Decision | null {
  const rule = firedRules.find((fired) => !accepted.has(fired.trigger));
  if (rule !== undefined) return { action: 'abort', reason: rule.sentence, trigger: rule.trigger };
  const failed = verdicts.find(
    (verdict) =>
      verdict.outcome === 'fail' && !baselineBreaches.has(verdict.metric) && !accepted.has(triggerOf(verdict)),
  );
  if (failed === undefined) return null;
  return {
    action: 'abort',
    reason: failed.sentence,
    trigger: triggerOf(failed),
  };
}

function triggerOf({ metric }: Verdict): string {
  return metric === 'errorRate' ? 'error-rate' : metric;
}

function decideOnDoubt({ settings, verdicts, baselineBreaches, sourceSilentMs, paused }: Situation): Decision | null {
  if (sourceSilentMs > settings.sourceGraceMs) {
    return {
      action: 'hold',
      reason: `the metrics source has not answered for ${renderMs(sourceSilentMs)}; no data is not a pass`,
      trigger: 'metrics-source',
    };
  }
  const both = verdicts.find((verdict) => verdict.outcome === 'fail' && baselineBreaches.has(verdict.metric));
  if (both !== undefined)
    return {
      action: 'hold',
      reason: `${both.sentence}; the stable revision breaks it too, so going back would not help`,
      trigger: both.metric,
    };
  if (paused !== null) return { action: 'hold', reason: paused, trigger: 'person' };
  return null;
}

function decideByPerson({ bake, promotedBy, harmAcceptedBy }: Situation): Decision | null {
  const by = promotedBy ?? harmAcceptedBy;
  if (bake === null || by === null) return null;
  return { action: 'advance', reason: `${by} let it go on without waiting for a proof`, trigger: 'person' };
}

function decideOnProof({ settings, verdicts, bake }: Situation): Decision {
  if (bake === null) return { action: 'wait', reason: 'between observations', trigger: null };
  if (bake.elapsedMs < bake.minMs)
    return { action: 'wait', reason: `${renderMs(bake.minMs - bake.elapsedMs)} of the bake left`, trigger: null };
  const unproven = settings.mustPass
    .map((metric) => verdicts.find((verdict) => verdict.metric === metric) ?? null)
    .filter((verdict) => verdict?.outcome !== 'pass');
  const first = unproven[0];
  if (first === undefined)
    return { action: 'advance', reason: verdicts[0]?.sentence ?? 'every required metric passed', trigger: null };
  const why = first?.sentence ?? 'nothing was measured; no data is not a pass';
  if (bake.elapsedMs < bake.maxMs) return { action: 'wait', reason: why, trigger: null };
  return {
    action: settings.onInconclusive,
    reason: `no verdict after ${renderMs(bake.maxMs)}: ${why}`,
    trigger: 'inconclusive',
  };
}
