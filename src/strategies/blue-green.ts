import type { Strategy } from '../model/strategy.ts';
import { missing } from './missing.ts';
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
    const needs = [
      'whole' as const,
      'provision' as const,
      'promote' as const,
      ...(spec.standby === 0 ? [] : ['standby' as const]),
    ];
    const lack = missing(capabilities, needs);
    const reasons = [...lack.reasons, ...(stable === null ? ['nothing serves yet, so there is no blue'] : [])];
    if (reasons.length > 0)
      return {
        ok: false,
        reasons,
        remedy: stable === null ? 'ship the first revision with strategy direct' : lack.remedy,
      };
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        { kind: 'set_weight', weightPercent: 100 },
        { kind: 'bake', weightPercent: 100, minMs: spec.bake, maxMs: Math.max(spec.bake, spec.maxBake) },
        ...closingSteps({ revision, stable, standbyMs: spec.standby, drainMs, capabilities }),
      ]),
    };
  },
};
