import type { FiredRule } from '../analysis/hard-rules.ts';
import { renderMoreData } from '../analysis/verdict-words.ts';
import { renderMs } from '../model/step.ts';
import {
  blindTrigger,
  type Decision,
  foreignTrigger,
  freezeTrigger,
  type JudgeSettings,
  syntheticMetric,
  triggerOfMetric,
  type Verdict,
} from '../model/verdict.ts';
import type { ForeignFinding } from './foreign-watch.ts';

export type Situation = {
  settings: JudgeSettings;
  verdicts: readonly Verdict[];
  /** Names of objectives that the baseline breaks too. */
  baselineBreaches: ReadonlySet<string>;
  firedRules: readonly FiredRule[];
  /** The bake that is going on; null between bakes, where nothing can advance. */
  bake: { elapsedMs: number; minMs: number; maxMs: number } | null;
  /** Name of the metrics source, ms since it was last heard, and why it does not answer, where that is known. */
  source: { kind: string; silentMs: number; problem: string | null };
  /** What somebody else has done to the place and stands against going on. */
  foreign: ForeignFinding | null;
  /** Why nothing may go forward now: deployments are frozen; null or absent when they are not. */
  frozen?: string | null;
  /** Smoke tests of the candidate that passed in this run; none that failed lets a run come this far. */
  smokePassed: number;
  /** Why a person has paused the run; null when nobody has. */
  paused: string | null;
  /** Triggers whose harm a person has accepted. */
  accepted: ReadonlySet<string>;
  /** Who chose to go forward in spite of proven harm; null when nobody has. */
  harmAcceptedBy: string | null;
  /** Who let the run go past this bake without a proof; null when nobody has. */
  promotedBy: string | null;
};

/**
 * The one place where evidence becomes an action. Harm comes first, then a place that others change, then a freeze, then what a person chose,
 * then doubt, then time, then proof. Triggers are metric names in kebab-case (`latency-p99`), objectives `slo:<name>`. Pure.
 */
export function decide(situation: Situation): Decision {
  return (
    decideOnHarm(situation) ??
    decideOnForeign(situation) ??
    decideOnFreeze(situation) ??
    decideByPerson(situation) ??
    decideOnDoubt(situation) ??
    decideOnProof(situation)
  );
}

function decideOnHarm({ firedRules, verdicts, baselineBreaches, accepted }: Situation): Decision | null {
  const rule = firedRules.find((fired) => !accepted.has(fired.trigger));
  if (rule !== undefined) return { action: 'abort', reason: rule.sentence, trigger: rule.trigger };
  const failed = verdicts.find(
    (verdict) =>
      verdict.outcome === 'fail' &&
      verdict.metric !== splitMetric &&
      !baselineBreaches.has(verdict.metric) &&
      !accepted.has(triggerOfMetric(verdict.metric)),
  );
  if (failed === undefined) return null;
  return {
    action: 'abort',
    reason: failed.sentence,
    trigger: triggerOfMetric(failed.metric),
  };
}

/** A person who lets the run go on has also said that the place is to be put back, and that comes first. */
function decideOnForeign({ foreign }: Situation): Decision | null {
  return foreign === null ? null : { ...foreign, trigger: foreignTrigger };
}

/** Whether users are split between the arms as it was asked. A router that does otherwise is not the release's fault. */
const splitMetric = 'split';

/** Nobody lets a run past an emergency stop but by ending it. */
function decideOnFreeze({ frozen = null }: Situation): Decision | null {
  return frozen === null ? null : { action: 'hold', reason: frozen, trigger: freezeTrigger };
}

function decideByPerson({ bake, promotedBy, harmAcceptedBy }: Situation): Decision | null {
  const by = promotedBy ?? harmAcceptedBy;
  if (bake === null || by === null) return null;
  return { action: 'advance', reason: `${by} let it go on without waiting for a proof`, trigger: 'person' };
}

function decideOnDoubt({ settings, verdicts, baselineBreaches, source, paused }: Situation): Decision | null {
  if (source.silentMs > settings.sourceGraceMs) return holdForSource(settings, source);
  const split = verdicts.find((verdict) => verdict.metric === splitMetric && verdict.outcome === 'fail');
  if (split !== undefined)
    return {
      action: 'hold',
      reason: `${split.sentence}; the router does not do what it was asked, so its numbers prove nothing`,
      trigger: splitMetric,
    };
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

/** Without figures that grow, so that one outage is one hold. */
function holdForSource({ sourceGraceMs }: JudgeSettings, { kind, problem }: Situation['source']): Decision {
  const why = problem === null ? '' : ` (${problem.slice(0, 300)})`;
  return {
    action: 'hold',
    reason: `the metrics source ${kind} has not answered for more than ${renderMs(sourceGraceMs)}${why}; no data is not a pass`,
    trigger: blindTrigger,
  };
}

function decideOnProof(situation: Situation): Decision {
  const { settings, verdicts, bake } = situation;
  if (bake === null) return { action: 'wait', reason: 'between observations', trigger: null };
  if (bake.elapsedMs < bake.minMs)
    return { action: 'wait', reason: `${renderMs(bake.minMs - bake.elapsedMs)} of the bake left`, trigger: null };
  const unproven = listUnproven(settings, verdicts);
  if (unproven.length === 0) return { action: 'advance', reason: renderProof(settings, verdicts), trigger: null };
  const why = renderUnproven(unproven);
  if (bake.elapsedMs < bake.maxMs) return { action: 'wait', reason: why, trigger: null };
  return decideAtTimeout(situation, `no verdict after ${renderMs(bake.maxMs)}: ${why}`);
}

/** What the proof of users says, or that only synthetic requests prove anything. */
function renderProof(settings: JudgeSettings, verdicts: readonly Verdict[]): string {
  const [first] = verdicts;
  const synthetic = verdicts.find((verdict) => verdict.metric === syntheticMetric);
  if (first === undefined) return 'every required metric passed';
  const stoodIn = settings.mustPass.includes('errorRate') && first.outcome !== 'pass' && synthetic !== undefined;
  return stoodIn
    ? `proven by synthetic requests only: ${synthetic.sentence}; of users: ${first.sentence}`
    : first.sentence;
}

type Unproven = { metric: string; verdict: Verdict | null };

/** Metrics that must pass and have not, in the order of the settings. Pure. */
export function listUnproven(settings: JudgeSettings, verdicts: readonly Verdict[]): Unproven[] {
  return settings.mustPass
    .map((metric) => ({ metric, verdict: verdicts.find((verdict) => verdict.metric === metric) ?? null }))
    .filter(({ metric, verdict }) => verdict?.outcome !== 'pass' && !isProvenBySynthetic(metric, settings, verdicts));
}

/** Synthetic requests stand in for users only where the config says so, and only for the error rate. */
function isProvenBySynthetic(metric: string, settings: JudgeSettings, verdicts: readonly Verdict[]): boolean {
  if (metric !== 'errorRate' || settings.synthetic?.counts !== true) return false;
  return verdicts.some((verdict) => verdict.metric === syntheticMetric && verdict.outcome === 'pass');
}

/** Why, and how much more it takes. */
function renderUnproven(unproven: readonly Unproven[]): string {
  const [first, ...others] = unproven;
  const also = others.length === 0 ? '' : `; not proven either: ${others.map(({ metric }) => metric).join(', ')}`;
  return `${first?.verdict == null ? `${first?.metric}: nothing was measured; no data is not a pass` : renderLack(first.verdict)}${also}`;
}

function renderLack(verdict: Verdict): string {
  const { sentence, moreRequests, moreMs } = verdict;
  return sentence.includes('more canary requests') ? sentence : `${sentence}; ${renderMoreData(moreRequests, moreMs)}`;
}

function decideAtTimeout(situation: Situation, why: string): Decision {
  const { onInconclusive } = situation.settings;
  const trigger = 'inconclusive';
  switch (onInconclusive) {
    case 'hold':
    case 'abort':
      return { action: onInconclusive, reason: why, trigger };
    case 'ask':
      return {
        action: 'hold',
        reason: `${why}; a person decides whether it goes on, unless proof comes first`,
        trigger,
      };
    case 'promote': {
      const obstacle = obstacleToUnproven(situation);
      return obstacle === null
        ? {
            action: 'advance',
            reason: `promoted without proof (judge.onInconclusive: promote): ${why}; hard rules, smoke tests and objectives are green`,
            trigger: 'unproven',
          }
        : { action: 'hold', reason: `${why}; not promoted without proof either: ${obstacle}`, trigger };
    }
  }
}

/**
 * Why a run whose bake ended without a verdict may not go on by itself even where that is configured; null when it may.
 * Wants every hard rule quiet, also those that a person has accepted; a smoke test that passed; every objective kept. Pure.
 */
function obstacleToUnproven({ settings, verdicts, firedRules, smokePassed }: Situation): string | null {
  const [rule] = firedRules;
  if (rule !== undefined) return rule.sentence;
  if (smokePassed === 0) return 'no smoke test of the candidate passed';
  // A wrong label in a query looks just like this.
  if (verdicts[0]?.canary.requests === 0) return 'not one request to the candidate was measured';
  const failed = verdicts.find((verdict) => verdict.outcome === 'fail');
  if (failed !== undefined) return failed.sentence;
  const unasked = verdicts.find((verdict) => verdict.cause === 'source_error');
  if (unasked !== undefined) return unasked.sentence;
  const burning = settings.slos.find((slo) => isBurning(slo, verdicts));
  return burning === undefined ? null : `the candidate has so far broken the objective ${burning.name}`;
}

/** Over the limit so far, proven or not. */
function isBurning({ name, badRatio }: JudgeSettings['slos'][number], verdicts: readonly Verdict[]): boolean {
  const canary = verdicts.find((verdict) => verdict.metric === `slo:${name}`)?.canary;
  return canary !== undefined && canary.failures > canary.requests * badRatio;
}
