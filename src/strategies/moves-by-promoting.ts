import type { Revision } from '../model/revision.ts';
import type { Capabilities } from '../model/target.ts';

/**
 * Whether users come along only when a revision is made stable: the target cannot move them by themselves, or it moves all of
 * them at once and there is no other revision yet that it could move them from. Pure.
 */
export function movesByPromoting(request: {
  capabilities: Pick<Capabilities, 'traffic'>;
  stable: Revision | null;
}): boolean {
  const { traffic } = request.capabilities;
  return traffic === 'none' || (traffic === 'whole' && request.stable === null);
}
