import { DeployError } from '../../model/deploy-error.ts';
import { cleanExcerpt } from '../../system/excerpt.ts';

/** The error for an answer that came and is not of the form that HAProxy documents. Nothing is guessed from it. */
export function unreadable(command: string, answer: string, reason: string): DeployError {
  return new DeployError('TARGET_REFUSED', {
    reason: `the answer of HAProxy to \`${command}\` cannot be read (${cleanExcerpt(reason, 120)}): ${cleanExcerpt(answer, 120)}`,
    remedy: 'HAProxy 2.6 or later is needed, and a stats socket that speaks its runtime API.',
    kind: 'other',
  });
}
