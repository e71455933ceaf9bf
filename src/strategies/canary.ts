import { holdBackOf, type StrategySpec } from '../model/config/strategy.ts';
import type { Strategy } from '../model/strategy.ts';
import { missing } from './missing.ts';
import { closingSteps, numberSteps, openingSteps, type StepBody } from './step-list.ts';

/** A few users first, more after each verdict; stable keeps its full capacity until the last bake is over. */
export const canary: Strategy = {
  kind: 'canary',
  whenToUse: 'changes with risk, where traffic allows a verdict at each step',
  resourceCost: 'the candidate beside the full stable revision until the end',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'canary')
      return { ok: false, reasons: [`the settings are those of ${spec.kind}`], remedy: 'use strategy.kind: canary' };
    const lack = missing(capabilities, ['shares', 'provision', 'promote']);
    const reasons = [
      ...lack.reasons,
      ...(stable === null ? ['nothing serves yet, so there is nothing to compare with'] : []),
    ];
    if (reasons.length > 0)
      return {
        ok: false,
        reasons,
        remedy:
          stable === null
            ? 'ship the first revision with strategy direct'
            : capabilities.targetKind === 'command'
              ? lack.remedy
              : 'use a target that can split traffic: process',
      };
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        ...(spec.aaPhase > 0 ? [{ kind: 'observe' as const, durationMs: spec.aaPhase }] : []),
        ...spec.steps.flatMap((step) => weightSteps(step, spec)),
        // What was held back follows before the environment is looked at, so that every answer there is the candidate's.
        ...(holdBackOf(spec) > 0 ? [{ kind: 'set_weight' as const, weightPercent: 100 }] : []),
        ...closingSteps({ revision, stable, standbyMs: 0, drainMs, capabilities }),
      ]),
    };
  },
};

type CanarySpec = Extract<StrategySpec, { kind: 'canary' }>;

/** At 100 % a little is held back on stable: without it there is nothing to compare with at the same time. */
function weightSteps({ weight, bake }: CanarySpec['steps'][number], spec: CanarySpec): StepBody[] {
  const { maxBake } = spec;
  const holdBack = holdBackOf(spec);
  const held = weight === 100 && holdBack > 0;
  const weightPercent = held ? Number((100 - holdBack).toFixed(4)) : weight;
  return [
    { kind: 'set_weight', weightPercent, ...(held ? { holdBackPercent: holdBack } : {}) },
    { kind: 'bake', weightPercent, minMs: bake, maxMs: Math.max(bake, maxBake) },
  ];
}
