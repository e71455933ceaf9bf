import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import type { Capabilities } from '../model/target.ts';

type Unnumbered<S> = S extends Step ? Omit<S, 'id'> : never;
export type StepBody = Unnumbered<Step>;

/** Gives each step its id, which says its place and what it does: `03-set-weight-5`. Pure. */
export function numberSteps(bodies: readonly StepBody[], prefix = ''): Step[] {
  return bodies.map((body, index) => ({
    ...body,
    id: `${prefix}${String(index + 1).padStart(2, '0')}-${nameOf(body)}`,
  }));
}

function nameOf(body: StepBody): string {
  const name = body.kind.replace('_', '-');
  switch (body.kind) {
    case 'set_weight':
    case 'bake':
      return `${name}-${body.weightPercent}`;
    case 'replace_batch':
      return `${name}-${body.candidateInstances}-of-${body.candidateInstances + body.stableInstances}`;
    case 'smoke':
      return `${name}-${body.on}`;
    default:
      return name;
  }
}

/** Start the candidate and look at it before it has users. */
export function openingSteps(revision: Revision, instances: number): StepBody[] {
  return [
    { kind: 'provision', revision, instances },
    { kind: 'smoke', on: 'candidate' },
  ];
}

/** Look at the environment, make the candidate stable, and end the former revision when nobody keeps it. */
export function closingSteps(request: {
  revision: Revision;
  stable: Revision | null;
  standbyMs: number;
  drainMs: number;
  capabilities: Pick<Capabilities, 'drain' | 'retire'>;
}): StepBody[] {
  const { revision, stable, standbyMs, drainMs, capabilities } = request;
  const remove = stable === null || standbyMs > 0 ? [] : removalSteps(stable, drainMs, capabilities);
  return [{ kind: 'smoke', on: 'environment' }, { kind: 'promote', revision, standbyMs }, ...remove];
}

/** Let a revision without users finish, and end it: as far as the target can. */
export function removalSteps(
  revision: Revision,
  drainMs: number,
  can: Pick<Capabilities, 'drain' | 'retire'>,
): StepBody[] {
  return [
    ...(can.drain ? [{ kind: 'drain' as const, revision, deadlineMs: drainMs }] : []),
    ...(can.retire ? [{ kind: 'retire' as const, revision }] : []),
  ];
}
