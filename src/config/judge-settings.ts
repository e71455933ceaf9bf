import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { planComparisons } from './comparisons.ts';

/** An environment's triggers, objectives and chances of error as the numbers that the judge uses. Pure. */
export function judgeSettings(spec: EnvironmentSpec): JudgeSettings {
  const { triggers, judge } = spec;
  const exits = triggers.canaryExits;
  const { errorRateShare, comparisons, syntheticShare } = planComparisons(spec);
  const { raiseWeight, synthetic } = judge.lowTraffic;
  return {
    errorMargin: triggers.errorRate.above,
    alphaRollback: judge.alphaRollback,
    alphaPromote: judge.alphaPromote,
    mustPass: judge.mustPass,
    errorRateShare,
    comparisons,
    overdispersion: judge.overdispersion ?? null,
    sourceGraceMs: judge.sourceGrace,
    onInconclusive: judge.onInconclusive,
    raiseWeight: raiseWeight === false ? null : { upToPercent: raiseWeight.upTo, blastBudget: raiseWeight.blastBudget },
    synthetic:
      synthetic === false || syntheticShare === null
        ? null
        : {
            path: synthetic.path,
            perSecond: synthetic.rate,
            timeoutMs: synthetic.timeout,
            share: syntheticShare,
            counts: synthetic.counts,
          },
    requestTimeoutMs: spec.metrics.source === 'prober' ? spec.metrics.timeout : spec.target.requestTimeout,
    slos: slosOf(spec.slos),
    hardRules: {
      restarts: triggers.restarts.moreThan,
      restartsWindowMs: triggers.restarts.within,
      canaryExits: exits === false ? null : exits.atLeast,
      exitsWindowMs: exits === false ? triggers.restarts.within : exits.within,
      oom: triggers.oom,
      unhealthyRatio: triggers.unhealthy,
      wrongRevision: triggers.wrongRevision,
    },
    stratum: spec.metrics.source === 'prober' ? 'probe' : 'user',
  };
}

/** The 99th percentile is under its limit when at most this share of requests is over it. */
const overP99 = 0.01;

function slosOf(slos: EnvironmentSpec['slos']): JudgeSettings['slos'] {
  const result: JudgeSettings['slos'] = [];
  if (slos.errorRate) result.push({ name: 'errorRate', badRatio: slos.errorRate.target, aboveMs: null });
  if (slos.latencyP99) result.push({ name: 'latencyP99', badRatio: overP99, aboveMs: slos.latencyP99.target });
  if (slos.availability)
    result.push({ name: 'availability', badRatio: complement(slos.availability.target), aboveMs: null });
  return result;
}

/** 1 − 0.999 as 0.001, without the last binary digits that would make two equal plans differ. */
function complement(ratio: number): number {
  return Number((1 - ratio).toPrecision(12));
}
