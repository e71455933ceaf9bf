import type { Strategy } from '../model/strategy.ts';
import { closingSteps, numberSteps, openingSteps } from './step-list.ts';

/** Start, check, switch, watch. Also the only way to deploy where nothing serves yet: its way back is then "down". */
export const direct: Strategy = {
  kind: 'direct',
  whenToUse: 'low-risk changes and the first deploy to a place',
  resourceCost: 'two revisions side by side until the watch is over',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'direct')
      return { ok: false, reasons: [`the settings are those of ${spec.kind}`], remedy: 'use strategy.kind: direct' };
    if (!capabilities.traffic) {
      return {
        ok: false,
        reasons: [`the target ${capabilities.targetKind} cannot move traffic`],
        remedy: 'use a target that can: process',
      };
    }
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        { kind: 'set_weight', weightPercent: 100 },
        { kind: 'bake', weightPercent: 100, minMs: spec.bake, maxMs: Math.max(spec.bake, spec.maxBake) },
        ...closingSteps({ revision, stable, standbyMs: 0, drainMs }),
      ]),
    };
  },
};
