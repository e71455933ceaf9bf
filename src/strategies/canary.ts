import type { Strategy } from '../model/strategy.ts';
import { closingSteps, numberSteps, openingSteps } from './step-list.ts';

/** A few users first, more after each verdict; stable keeps its full capacity until the last bake is over. */
export const canary: Strategy = {
  kind: 'canary',
  whenToUse: 'changes with risk, where traffic allows a verdict at each step',
  resourceCost: 'the candidate beside the full stable revision until the end',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'canary')
      return { ok: false, reasons: [`the settings are those of ${spec.kind}`], remedy: 'use strategy.kind: canary' };
    const reasons = [
      ...(capabilities.traffic ? [] : [`the target ${capabilities.targetKind} cannot split traffic`]),
      ...(stable === null ? ['nothing serves yet, so there is nothing to compare with'] : []),
    ];
    if (reasons.length > 0)
      return {
        ok: false,
        reasons,
        remedy:
          stable === null
            ? 'ship the first revision with strategy direct'
            : 'use a target that can split traffic: process',
      };
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        ...spec.steps.flatMap(({ weight, bake }) => [
          { kind: 'set_weight' as const, weightPercent: weight },
          { kind: 'bake' as const, weightPercent: weight, minMs: bake, maxMs: Math.max(bake, spec.maxBake) },
        ]),
        ...closingSteps({ revision, stable, standbyMs: 0, drainMs }),
      ]),
    };
  },
};
