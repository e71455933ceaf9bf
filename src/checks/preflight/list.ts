import type { Check } from '../../model/check.ts';
import { reviewRule } from '../../model/config/after-run.ts';
import type { EnvironmentSpec } from '../../model/config/environment.ts';
import { gateNames } from '../../model/config/gate.ts';
import { artifactCheck } from './artifact.ts';
import { createConfigValidCheck } from './config-valid.ts';
import type { PreflightContext } from './context.ts';
import { diskSpaceCheck } from './disk-space.ts';
import { errorBudgetBurnCheck } from './error-budget-burn.ts';
import { errorBudgetLeftCheck } from './error-budget-left.ts';
import { createEvidenceCheck } from './evidence-gate.ts';
import { freezeCheck } from './freeze.ts';
import { fridayCheck } from './friday.ts';
import { latencyJudgedCheck } from './latency-judged.ts';
import { learnedPitfallsCheck } from './learned-pitfalls.ts';
import { metricsSourceCheck } from './metrics-source.ts';
import { migrationCheck } from './migration.ts';
import { noOtherRunCheck } from './no-other-run.ts';
import { notifyCheck } from './notify.ts';
import { previousStartableCheck } from './previous-startable.ts';
import { previousTaggedCheck } from './previous-tagged.ts';
import { createReviewCheck } from './review-acknowledged.ts';
import { revisionAcceptedCheck } from './revision-accepted.ts';
import { rollbackPlanCheck } from './rollback-plan.ts';
import { rollbackRehearsedCheck } from './rollback-rehearsed.ts';
import { slosConfiguredCheck } from './slos-configured.ts';
import { smokeConfiguredCheck } from './smoke-configured.ts';
import { smokeCriticalPathCheck } from './smoke-critical-path.ts';
import { targetHealthyCheck } from './target-healthy.ts';
import { targetConfigFileCheck, targetPreparedCheck } from './target-prepared.ts';
import { trafficPathCheck } from './traffic-path.ts';
import { versionResolvesCheck } from './version-resolves.ts';
import { workingTreeCheck } from './working-tree.ts';

/**
 * All questions before a run, in the order in which they are shown. A blocking check stops when its answer is no or cannot
 * be had; a question that nobody configured is skipped, and stops only where `gates.require` names it. `demanded`: ids that
 * guidance asks for; questions that nobody else has are asked only then.
 */
export function preflightChecks(
  environment: EnvironmentSpec,
  demanded: readonly string[] = [],
): ReadonlyArray<Check<PreflightContext>> {
  const checks: ReadonlyArray<Check<PreflightContext>> = [
    createConfigValidCheck(() => checks.map((check) => check.id)),
    workingTreeCheck,
    versionResolvesCheck,
    revisionAcceptedCheck,
    artifactCheck,
    targetHealthyCheck,
    ...(environment.target.kind === 'haproxy' ? [targetPreparedCheck, targetConfigFileCheck] : []),
    trafficPathCheck,
    noOtherRunCheck,
    freezeCheck,
    fridayCheck,
    createReviewCheck(reviewRule(environment.review).next === 'block'),
    rollbackPlanCheck,
    rollbackRehearsedCheck,
    previousTaggedCheck,
    previousStartableCheck,
    migrationCheck,
    diskSpaceCheck,
    metricsSourceCheck,
    smokeConfiguredCheck,
    slosConfiguredCheck,
    errorBudgetBurnCheck,
    errorBudgetLeftCheck,
    notifyCheck,
    learnedPitfallsCheck,
    ...gateNames.map((gate) => createEvidenceCheck(gate, environment.gates.evidence[gate])),
    ...[latencyJudgedCheck, smokeCriticalPathCheck].filter(({ id }) => demanded.includes(id)),
  ];
  return checks;
}
