import { DeployError } from '../model/deploy-error.ts';
import type { Caller } from '../model/operation.ts';

export type PersonalAct = {
  /** As in "may thaw deployments". */
  what: string;
  /** Six characters that were shown to the person. */
  code: string;
  typed: string | undefined;
  /** What the person runs to be shown it. */
  command: string;
};

/** Throws PERSON_NEEDED unless somebody at a terminal has typed the code of what they were shown. */
export function assertPersonAtTerminal(caller: Caller, { what, code, typed, command }: PersonalAct): void {
  const remedy = `A person runs it in a terminal of their own: ${command}`;
  if (caller.door !== 'cli' || !caller.interactive)
    throw new DeployError('PERSON_NEEDED', { what, reason: 'nobody is at a terminal here', remedy });
  if (typed?.trim().toUpperCase() === code.toUpperCase()) return;
  const reason = typed === undefined ? 'the code was not typed' : 'what was typed is not the code that was shown';
  throw new DeployError('PERSON_NEEDED', { what, reason, remedy: `Nothing was done. ${remedy}` });
}
