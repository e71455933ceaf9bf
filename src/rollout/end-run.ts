import type { DeployError } from '../model/deploy-error.ts';
import type { Outcome } from '../model/run-event.ts';
import type { RunContext } from './run-context.ts';

export type Failure = { code: string; message: string; remedy: string };

/** Writes the last line of a run. */
export async function end(
  context: RunContext,
  outcome: Outcome,
  reason: string,
  error: Failure | null,
): Promise<Outcome> {
  await context.append({ type: 'run_ended', data: { outcome, reason: reason.slice(0, 2000), error } });
  return outcome;
}

export function failureOf(error: DeployError): Failure {
  return { code: error.code, message: error.message.slice(0, 2000), remedy: error.remedy.slice(0, 2000) };
}
