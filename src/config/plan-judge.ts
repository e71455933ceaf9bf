import type { EnvironmentSpec } from '../model/config/environment.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import { type JudgeSettings, syntheticMetric } from '../model/verdict.ts';
import { planComparisons } from './comparisons.ts';
import { judgeSettings } from './judge-settings.ts';
import { nearestName } from './nearest-name.ts';

export type JudgeRequest = {
  environment: string;
  spec: EnvironmentSpec;
  stable: Revision | null;
  steps: readonly Step[];
};

/**
 * The judge's rules for the steps of one plan, and what a person should know of them: every comparison that is configured
 * and will not be made is named, with its reason. Throws CONFIG_INVALID when `judge.mustPass` names what nothing measures.
 * Pure.
 */
export function planJudge(request: JudgeRequest): { judge: JudgeSettings; notes: string[] } {
  const { spec, stable, steps } = request;
  const judge = judgeSettings(spec);
  assertMeasured(request, judge);
  // Where nothing serves yet there is nothing to compare with, and mostly no traffic: health, smoke tests and hard rules decide.
  if (stable === null) return { judge: withoutComparisons({ ...judge, mustPass: [] }), notes: [] };
  const { notes } = planComparisons(spec);
  const weights = steps.flatMap((step) => (step.kind === 'bake' ? [step.weightPercent] : []));
  const alone = weights.filter((weight) => weight >= 100).length;
  assertComparable(request, judge, alone);
  const promoting = spec.judge.onInconclusive === 'promote' && spec.smoke.length === 0;
  return {
    judge: alone === weights.length ? withoutComparisons(judge) : judge,
    notes: [
      ...notes,
      ...aloneNotes(judge, alone === weights.length, alone > 0),
      ...(promoting
        ? ['judge.onInconclusive: promote needs smoke tests; there are none, so the run holds instead']
        : []),
    ],
  };
}

function withoutComparisons(judge: JudgeSettings): JudgeSettings {
  return { ...judge, comparisons: [], synthetic: null, errorRateShare: 1 };
}

function aloneNotes(judge: JudgeSettings, always: boolean, once: boolean): string[] {
  const names = comparedNames(judge).join(', ');
  if (names === '' || !once) return [];
  return [
    always
      ? `not judged: ${names}; with this strategy nothing stays on stable to compare with, and errors are held against what stable did before`
      : `not judged at 100 %: ${names}; nothing stays on stable there to compare with, and errors are held against what stable did before`,
  ];
}

function assertMeasured({ environment, spec }: JudgeRequest, judge: JudgeSettings): void {
  const known = ['errorRate', ...comparedNames(judge), ...judge.slos.map(sloMetric)];
  const unmeasured = spec.judge.mustPass.filter((metric) => !known.includes(metric));
  if (unmeasured.length === 0) return;
  refuse(
    environment,
    unmeasured.map((metric) => {
      const nearest = nearestName(metric, known);
      return `nothing measures "${metric}"; there is: ${known.join(', ')}${nearest === null ? '' : ` (did you mean ${nearest}?)`}`;
    }),
  );
}

/** What needs both arms can never be proven in a bake that has only one: the run would hold there for ever. */
function assertComparable({ environment, spec }: JudgeRequest, judge: JudgeSettings, alone: number): void {
  if (alone === 0) return;
  const names = comparedNames(judge).filter((metric) => judge.mustPass.includes(metric));
  if (names.length === 0) return;
  const remedy =
    spec.strategy.kind === 'canary'
      ? 'set strategy.holdBack above 0%, or leave it out'
      : 'use strategy canary, or leave it out';
  refuse(
    environment,
    names.map(
      (metric) => `"${metric}" cannot be proven at 100 %, where nothing stays on stable to compare with; ${remedy}`,
    ),
  );
}

/** What needs both arms at the same time, beside the error rate. */
function comparedNames(judge: JudgeSettings): string[] {
  return [...judge.comparisons.map(({ metric }) => metric), ...(judge.synthetic === null ? [] : [syntheticMetric])];
}

function refuse(environment: string, mistakes: readonly string[]): never {
  throw new DeployError('CONFIG_INVALID', {
    file: 'seatrial.yaml',
    count: mistakes.length,
    list: mistakes.map((text) => `  environments.${environment}.judge.mustPass: ${text}`).join('\n'),
  });
}

function sloMetric({ name }: JudgeSettings['slos'][number]): string {
  return `slo:${name}`;
}
