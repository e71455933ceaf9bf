import type { CheckResult } from '../model/check.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Step } from '../model/step.ts';
import type { Act, PlacedRevision, Target, TargetState } from '../model/target.ts';
import type { RolloutPorts } from './ports.ts';

export type StepEvidence = Record<string, string | number | boolean | null>;

export type ActStep = Exclude<Step, { kind: 'bake' | 'approve' | 'observe' }>;

export type StepRequest = {
  runId: string;
  candidateId: string;
  phase: 'forward' | 'back';
  /** The run itself brings an earlier revision back. */
  returns?: boolean;
  /** The candidate is known to be placed: it has had users. */
  hasUsers?: boolean;
  /** Called once the data plane obeys a change of traffic, and again when it is done again. */
  moved?: () => void;
  signal: AbortSignal;
};

/**
 * Does one step and reads back that it happened. Throws DeployError when it did not; doing it again is safe.
 * Bakes and approvals are waits, not acts; the run loop has them.
 */
export async function executeStep(ports: RolloutPorts, step: ActStep, request: StepRequest): Promise<StepEvidence> {
  const act = (deadlineMs: number): Act => ({
    idempotencyKey: `${request.runId}:${step.id}`,
    fence: ports.generation,
    deadlineMs,
    signal: request.signal,
    way: request.phase === 'back' || request.returns === true ? 'back' : 'forward',
    ...(request.moved === undefined ? {} : { moved: request.moved }),
  });
  const { target, deadlines } = ports;
  switch (step.kind) {
    case 'provision':
      await target.provision({ revision: step.revision, instances: step.instances }, act(deadlines.provisionMs));
      return readInstances(await target.inspect(request.signal), step);
    case 'smoke':
      return runSmokeStep(ports, step.on, request);
    case 'set_weight':
      return setWeight(ports, step, { ...request, act: act(deadlines.changeMs) });
    case 'replace_batch':
      return replaceBatch(target, step, act(deadlines.provisionMs));
    case 'promote': {
      await target.promote({ revision: step.revision, standbyMs: step.standbyMs }, act(deadlines.changeMs));
      request.moved?.();
      const role = findRevision(await target.inspect(request.signal), step.revision.id)?.role ?? 'absent';
      if (role !== 'stable')
        throw new DeployError('TARGET_CHANGED', { reason: `${step.revision.version} should be stable and is ${role}` });
      return { role };
    }
    case 'drain': {
      if (target.traffic === undefined) throw lacks(target.kind, 'drain');
      const { cut } = await target.traffic.drain(
        { revisionId: step.revision.id, deadlineMs: step.deadlineMs },
        act(step.deadlineMs + deadlines.retireMs),
      );
      return { cut };
    }
    case 'retire': {
      await target.retire({ revisionId: step.revision.id }, act(deadlines.retireMs));
      const left = findRevision(await target.inspect(request.signal), step.revision.id)?.instances.length ?? 0;
      if (left > 0)
        throw new DeployError('TARGET_CHANGED', {
          reason: `${left} instances of ${step.revision.version} are still there`,
        });
      return { instances: 0 };
    }
  }
}

export function findRevision(state: TargetState, revisionId: string): PlacedRevision | null {
  return state.revisions.find((placed) => placed.revision.id === revisionId) ?? null;
}

async function setWeight(
  ports: RolloutPorts,
  step: { weightPercent: number },
  { candidateId, hasUsers, act }: Pick<StepRequest, 'candidateId' | 'hasUsers'> & { act: Act },
): Promise<StepEvidence> {
  const { target } = ports;
  if (target.traffic === undefined) throw lacks(target.kind, 'move traffic');
  const { weightPercent: wanted } = step;
  const isAbsent = async (): Promise<boolean> =>
    findRevision(await target.inspect(act.signal), candidateId) === null && wanted === 0;
  // A candidate that was never provisioned, or is gone, has no users: that is what weight 0 asks for.
  if (hasUsers !== true && (await isAbsent())) return { weightPercent: 0, candidate: 'absent' };
  let moved = false;
  const noting = {
    ...act,
    moved: () => {
      moved = true;
      act.moved?.();
    },
  };
  try {
    await target.traffic.setWeight({ revisionId: candidateId, weightPercent: wanted }, noting);
  } catch (thrown) {
    // Users are not kept waiting for this question where somebody could still be on the candidate.
    if (hasUsers === true && (await isAbsent().catch(() => false))) return { weightPercent: 0, candidate: 'absent' };
    throw thrown;
  }
  if (!moved) act.moved?.();
  const weightPercent = findRevision(await target.inspect(act.signal), candidateId)?.weightPercent ?? 0;
  assertWeight(weightPercent, wanted);
  return { weightPercent };
}

async function replaceBatch(
  target: Target,
  step: Extract<Step, { kind: 'replace_batch' }>,
  act: Act,
): Promise<StepEvidence> {
  if (target.batches === undefined) throw lacks(target.kind, 'replace instances in batches');
  const { revision, candidateInstances, stableInstances } = step;
  await target.batches.replaceBatch({ candidate: revision, candidateInstances, stableInstances }, act);
  const weightPercent = findRevision(await target.inspect(act.signal), revision.id)?.weightPercent ?? 0;
  assertWeight(weightPercent, (candidateInstances / (candidateInstances + stableInstances)) * 100);
  return { weightPercent, candidateInstances, stableInstances };
}

/** Batches give shares such as 33.33, hence the tolerance. */
function assertWeight(seen: number, wanted: number): void {
  if (Math.abs(seen - wanted) > 0.51)
    throw new DeployError('TARGET_CHANGED', { reason: `the weight should be ${wanted} % and reads back as ${seen} %` });
}

function readInstances(
  state: TargetState,
  step: { revision: { id: string; version: string }; instances: number },
): StepEvidence {
  const ready =
    findRevision(state, step.revision.id)?.instances.filter((instance) => instance.state === 'ready').length ?? 0;
  if (ready < step.instances)
    throw new DeployError('TARGET_CHANGED', {
      reason: `${ready} of ${step.instances} instances of ${step.revision.version} are ready`,
    });
  return { ready };
}

async function runSmokeStep(
  ports: RolloutPorts,
  on: 'candidate' | 'environment',
  request: { phase: 'forward' | 'back'; signal: AbortSignal },
): Promise<StepEvidence> {
  const place = request.phase === 'back' ? 'rollback' : on;
  const checks = await ports.smoke(place, request.signal);
  await ports.append({ type: 'smoke_completed', data: { on: place, checks } });
  const bad = checks.filter((check) => check.status === 'failed' || check.status === 'unknown');
  if (bad.length > 0) throw new DeployError('SMOKE_FAILED', { failed: bad.map(renderFinding).join('; ') });
  return {
    passed: checks.filter((check) => check.status === 'passed').length,
    skipped: checks.filter((check) => check.status === 'skipped').length,
  };
}

function renderFinding(check: CheckResult): string {
  return `${check.title} (${check.reason})`;
}

function lacks(kind: string, what: string): DeployError {
  return new DeployError('STRATEGY_UNSUPPORTED', {
    strategy: 'The plan',
    reasons: `the target ${kind} cannot ${what}`,
    remedy: 'Make a new plan.',
  });
}
