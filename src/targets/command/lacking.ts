import { DeployError } from '../../model/deploy-error.ts';

/** What a target says that has no program for what it is asked; planning should have kept it from being asked. Pure. */
export function lacking(what: string, remedy: string): DeployError {
  return new DeployError('TARGET_REFUSED', { reason: `the target command cannot ${what}`, remedy });
}
