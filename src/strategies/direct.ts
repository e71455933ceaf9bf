import type { Revision } from '../model/revision.ts';
import type { Strategy } from '../model/strategy.ts';
import type { Capabilities } from '../model/target.ts';
import { missing } from './missing.ts';
import { movesByPromoting } from './moves-by-promoting.ts';
import { closingSteps, numberSteps, openingSteps, type StepBody } from './step-list.ts';

/** Start, check, switch, watch. Also the only way to deploy where nothing serves yet: its way back is then "down". */
export const direct: Strategy = {
  kind: 'direct',
  whenToUse: 'low-risk changes and the first deploy to a place',
  resourceCost: 'two revisions side by side until the watch is over',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'direct')
      return { ok: false, reasons: [`the settings are those of ${spec.kind}`], remedy: 'use strategy.kind: direct' };
    const bake = { minMs: spec.bake, maxMs: Math.max(spec.bake, spec.maxBake) };
    const byPromoting = movesByPromoting({ capabilities, stable });
    const { reasons, remedy } = missing(capabilities, byPromoting ? ['promote'] : ['provision', 'promote']);
    if (reasons.length > 0) return { ok: false, reasons, remedy };
    if (byPromoting)
      return { ok: true, steps: numberSteps(promoteFirst({ revision, stable, instances, capabilities, bake })) };
    return {
      ok: true,
      steps: numberSteps([
        ...openingSteps(revision, instances),
        { kind: 'set_weight', weightPercent: 100 },
        { kind: 'bake', weightPercent: 100, ...bake },
        ...closingSteps({ revision, stable, standbyMs: 0, drainMs, capabilities }),
      ]),
    };
  },
};

/** Where users cannot be moved by themselves, or there is nobody to take them from: promoting brings them, and the watch follows. */
function promoteFirst(request: {
  revision: Revision;
  stable: Revision | null;
  instances: number;
  capabilities: Capabilities;
  bake: { minMs: number; maxMs: number };
}): StepBody[] {
  const { revision, stable, instances, capabilities, bake } = request;
  return [
    ...(capabilities.provision ? openingSteps(revision, instances) : []),
    { kind: 'promote', revision, standbyMs: 0 },
    { kind: 'smoke', on: 'environment' },
    { kind: 'bake', weightPercent: 100, ...bake },
    ...(stable !== null && capabilities.retire ? [{ kind: 'retire' as const, revision: stable }] : []),
  ];
}
