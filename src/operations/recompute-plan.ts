import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Plan, PlanContent } from '../model/plan.ts';
import type { Wishes } from '../model/wishes.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import { assertNotStopped } from './freeze/stop-error.ts';
import { loadEnrolledRoles } from './guided/load-enrolled-roles.ts';
import { makePlan } from './make-plan.ts';
import { type Place, stableOf } from './place.ts';
import { planRehearsal, planRollbackRun } from './plan-rollback-run.ts';
import { resolveRevision } from './resolve-revision.ts';
import { countAttempts } from './start-request.ts';

/** Makes the plan anew from what is true now. Throws PLAN_EXPIRED, EMERGENCY_STOP (but for a way back), or PLAN_CHANGED with what differs. */
export async function assertPlanStillHolds(place: Place, plan: Plan, clock: Clock): Promise<void> {
  if (clock.now() > plan.expiresAtMs)
    throw new DeployError('PLAN_EXPIRED', {
      planId: plan.planId.slice(0, 12),
      at: new Date(plan.expiresAtMs).toISOString(),
    });
  if (plan.content.kind !== 'rollback') await assertNotStopped(place.project.state, place.name, clock.now());
  const state = await place.target.inspect(AbortSignal.timeout(60_000));
  const attempt = await countAttempts(place.project, place.name, plan.content.revision.id);
  const request = { place, state, guidance: plan.content.guidance, attempt, requester: plan.requester, clock };
  const { kind, strategy, revision: planned } = plan.content;
  const wishes = wishesOf(plan);
  const stable = stableOf(state);
  // A rollback names a revision that has served before; the version's ref may have moved since, the revision may not.
  const revision = kind === 'rollout' ? await resolveRevision(place, planned.version) : planned;
  const now =
    kind === 'rollout' || stable === null
      ? makePlan({
          ...request,
          revision,
          strategy,
          answers: wishes.answers,
          enrolledRoles: await loadEnrolledRoles(place, wishes),
        })
      : (kind === 'rollback' ? planRollbackRun : planRehearsal)({ ...request, revision, stable });
  if (now.planId === plan.planId) return;
  throw new DeployError('PLAN_CHANGED', { changes: changedParts(plan.content, now.content).join(', ') });
}

/** What was asked for in words when the plan was made. Pure. */
function wishesOf({ content: { guidance, guided } }: Plan): Wishes {
  if (guided === undefined || guided.answers.length === 0) return { guidance, answers: null };
  return { guidance, answers: Object.fromEntries(guided.answers.map(({ id, answer }) => [id, answer])) };
}

const partNames: Record<string, string> = {
  revision: 'the commit or artifact that the version stands for',
  stable: 'the revision that serves users',
  targetToken: 'the state of the target',
  weights: 'the weights on the target',
  configHash: 'the configuration',
  policyHash: 'gates, approval or freeze rules',
  steps: 'the steps',
  wayBack: 'the way back',
  judge: 'the limits of the judge',
  instances: 'the number of instances',
  guided: 'what the guidance changes (rules, enrolled approvers, or this program)',
  attempt: 'the same revision was started meanwhile',
};

function changedParts(before: PlanContent, after: PlanContent): string[] {
  const [then, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  const keys = [...new Set([...then.keys(), ...now.keys()])];
  const changed = keys.filter((key) => canonicalJson(then.get(key) ?? null) !== canonicalJson(now.get(key) ?? null));
  return changed.map((key) => partNames[key] ?? key);
}
