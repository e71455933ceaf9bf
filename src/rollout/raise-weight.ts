import type { Step } from '../model/step.ts';
import type { ArmCounts } from '../model/verdict.ts';
import { executeStep } from './execute-step.ts';
import { planRaise, type Raise } from './plan-raise.ts';
import { noteWeight, type RunContext, watchWhile } from './run-context.ts';

type Bake = Extract<Step, { kind: 'bake' }>;

/** Seconds of traffic by which its rate is told. */
const rateSeconds = 60;
/** Beyond the source's own delay: the next look, and the change of weight. */
const reactionMs = 2000;

/**
 * Gives a bake more users when its evidence would not come in time and the plan allows it. The weight is asked of the target
 * and read back like a step's, and its proof begins anew. True when it was raised. Throws what a failed step throws.
 */
export async function raiseWeight(context: RunContext, step: Bake, elapsedMs: number): Promise<boolean> {
  if (context.plan.content.judge.raiseWeight === null || context.ports.target.traffic === undefined) return false;
  const raise = planRaise({
    settings: context.plan.content.judge,
    verdicts: context.monitor.verdicts(),
    bake: { weightPercent: step.weightPercent, elapsedMs, minMs: step.minMs, maxMs: step.maxMs },
    nextWeightPercent: nextWeightOf(context, step),
    ...trafficOf(context),
  });
  if (raise === null) return false;
  await context.foreign.lookNow();
  if (context.foreign.finding() !== null) return false;
  await carryOut(context, step, raise);
  return true;
}

async function carryOut(context: RunContext, step: Bake, raise: Raise): Promise<void> {
  const data = {
    stepId: step.id,
    fromPercent: step.weightPercent,
    weightPercent: raise.weightPercent,
    expectedFailures: raise.expectedFailures,
    reason: raise.reason.slice(0, 2000),
  };
  const place = { step: step.id, idem: `${context.runId}:${step.id}-raised` };
  await context.append({ type: 'weight_raised', data: { ...data, done: false } }, place);
  noteWeight(context, raise.weightPercent);
  const evidence = await watchWhile(
    context,
    executeStep(
      context.ports,
      { kind: 'set_weight', id: `${step.id}-raised`, weightPercent: raise.weightPercent },
      {
        runId: context.runId,
        candidateId: context.plan.content.revision.id,
        phase: 'forward',
        signal: context.stop.signal,
      },
    ),
  );
  noteWeight(context, evidence['weightPercent']);
  await context.append({ type: 'weight_raised', data: { ...data, done: true } }, place);
  // What was seen at the former weight cannot be added to what comes now.
  context.monitor.beginBake(step.id);
}

function nextWeightOf({ plan }: RunContext, step: Bake): number | null {
  const { steps } = plan.content;
  const next = steps
    .slice(steps.findIndex((one) => one.id === step.id) + 1)
    .find((one) => one.kind === 'set_weight' || one.kind === 'replace_batch');
  return next?.kind === 'set_weight' ? next.weightPercent : null;
}

function trafficOf(context: RunContext): {
  canary: ArmCounts;
  baseline: ArmCounts;
  perSecond: number;
  delayMs: number;
} {
  const { traits } = context.ports.metrics;
  const points = context.record().counts.filter((point) => point.stratum === context.plan.content.judge.stratum);
  const lately = points.slice(-rateSeconds);
  const [canary, baseline] = [sum(points.map((one) => one.canary)), sum(points.map((one) => one.baseline))];
  const seconds = lately.reduce((total, point) => total + (point.toMs - point.fromMs) / 1000, 0);
  const requests = sum(lately.flatMap((point) => [point.canary, point.baseline])).requests;
  return {
    canary,
    baseline,
    perSecond: seconds === 0 ? 0 : requests / seconds,
    delayMs: traits.windowMs + traits.settleMs + reactionMs,
  };
}

function sum(counts: readonly ArmCounts[]): ArmCounts {
  return counts.reduce(
    (total, one) => ({ requests: total.requests + one.requests, failures: total.failures + one.failures }),
    { requests: 0, failures: 0 },
  );
}
