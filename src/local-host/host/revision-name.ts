import { DeployError } from '../../model/deploy-error.ts';

/** A name that is safe as a file name, in a URL path and in a header. */
export const revisionNamePattern = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/;

/** Throws VERSION_INVALID for a name that could leave its folder or be taken for an option. */
export function assertRevisionName(id: string): void {
  if (!revisionNamePattern.test(id) || id.includes('..')) throw new DeployError('VERSION_INVALID', { version: id });
}
