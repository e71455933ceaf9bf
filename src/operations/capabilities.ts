import type { Revision } from '../model/revision.ts';
import type { Capabilities, Target, TargetLack, TargetState } from '../model/target.ts';

/** What can be done at a place, as plain data for planning. Pure. */
export function capabilitiesOf({ target }: { target: Target }, state: TargetState): Capabilities {
  const { traffic, lacks = [] } = target;
  const can = (call: TargetLack): boolean => !lacks.includes(call);
  const stable = state.revisions.find((placed) => placed.role === 'stable');
  return {
    targetKind: target.kind,
    traffic: traffic === undefined ? 'none' : traffic.wholeOnly === true ? 'whole' : 'shares',
    batches: target.batches !== undefined,
    provision: can('provision'),
    promote: can('promote'),
    drain: can('drain') && traffic !== undefined,
    retire: can('retire'),
    standby: can('standby'),
    instances: stable?.instances.length ?? 0,
  };
}

/** What a person should know of what the target cannot do, and what that means for this plan. Pure. */
export function lackNotes(capabilities: Capabilities, stable: Revision | null): string[] {
  const { targetKind, traffic, provision, drain, retire } = capabilities;
  return [
    ...(traffic === 'none'
      ? [`the target ${targetKind} moves users only by making a revision stable: all of them see it at once`]
      : []),
    ...(traffic === 'none' && !provision
      ? ['nothing is tested before users see it: the candidate cannot be started beside the stable revision']
      : []),
    ...(traffic !== 'none' && !drain
      ? [`the target ${targetKind} cannot drain: what becomes of open requests is left to its own programs`]
      : []),
    ...(retire ? [] : [`the target ${targetKind} cannot retire: what served before is left to the platform`]),
    ...(stable === null && traffic !== 'shares'
      ? ['there is no way back: nothing serves yet, and the target cannot take its only revision out of traffic']
      : []),
  ];
}
