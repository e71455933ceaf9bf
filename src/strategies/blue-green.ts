import type { Strategy } from '../model/strategy.ts';
import { closingSteps, numberSteps, openingSteps } from './step-list.ts';

/** Green beside blue, all users at once, blue kept as standby for an instant return. */
export const blueGreen: Strategy = {
  kind: 'blue-green',
  whenToUse: 'an instant cutover and an instant way back are worth twice the capacity',
  resourceCost: 'twice the capacity until the standby is retired',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'blue-green')
      return {
        ok: false,
        reasons: [`the settings are those of ${spec.kind}`],
        remedy: 'use strategy.kind: blue-green',
      };
    const reasons = [
      ...(capabilities.traffic ? [] : [`the target ${capabilities.targetKind} cannot switch traffic`]),
      ...(capabilities.standby || spec.standby === 0
        ? []
        : [`the target ${capabilities.targetKind} cannot keep a standby`]),
      ...(stable === null ? ['nothing serves yet, so there is no blue'] : []),
    ];
    if (reasons.length > 0)
      return {
        ok: false,
        reasons,
        remedy: stable === null ? 'ship the first revision with strategy direct' : 'use a target that can: process',
      };
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        { kind: 'set_weight', weightPercent: 100 },
        { kind: 'bake', weightPercent: 100, minMs: spec.bake, maxMs: Math.max(spec.bake, spec.maxBake) },
        ...closingSteps({ revision, stable, standbyMs: spec.standby, drainMs }),
      ]),
    };
  },
};
