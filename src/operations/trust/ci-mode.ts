import { DeployError } from '../../model/deploy-error.ts';
import type { OperationContext } from '../../model/operation.ts';

/** The configuration is read from this protected branch, never from the working tree. */
export type CiMode = { base: string };

/**
 * Whether ci mode was asked for, by flag or by `SEATRIAL_MODE=ci`; null in the ordinary mode. It is never guessed from `CI=true`: who
 * trusts a branch must say so. Throws CI_MODE when no branch is named, or the mode is none.
 */
export function ciModeOf(
  { ci }: Pick<OperationContext, 'ci'>,
  env: Readonly<Record<string, string | undefined>>,
): CiMode | null {
  const mode = env['SEATRIAL_MODE'] ?? '';
  if (mode !== '' && mode !== 'ci' && mode !== 'local')
    throw new DeployError('CI_MODE', {
      reason: `SEATRIAL_MODE is "${mode}"`,
      remedy: 'There is ci and local; leave it out for local.',
    });
  if (ci === undefined && mode !== 'ci') return null;
  const base = ci?.base ?? env['SEATRIAL_BASE'] ?? '';
  if (base !== '') return { base };
  throw new DeployError('CI_MODE', {
    reason: 'ci mode names no branch',
    remedy: 'Name the protected branch: --base origin/main, or SEATRIAL_BASE=origin/main.',
  });
}
