import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation } from '../model/operation.ts';
import { printable } from '../model/printable.ts';
import { runOperation } from './operation-calls.ts';
import type { Session } from './session.ts';

const shownSchema = z.looseObject({ code: z.string().nullable() });

/** Acts of a person that are shown before they are done: with `show` they only print, and answer with the code to be typed. */
export function isShownFirst({ effects, input }: Operation): boolean {
  return effects === 'person' && 'show' in input.shape && 'code' in input.shape;
}

/** Shows what an act is about and has its code typed; null when there is nothing to be done. Throws CANCELLED. */
export async function askPerson(
  operation: Operation,
  given: Record<string, unknown>,
  session: Session,
): Promise<string | null> {
  const shown = await runOperation(operation, { ...given, show: true }, session.context);
  const { code } = shownSchema.parse(shown.data);
  if (code === null) return null;
  const write = session.json ? session.io.writeError : session.io.writeOut;
  write(`${printable(shown.text)}\n\n`);
  const typed = await session.io.ask(`Type ${code} to go on; anything else stops: `, session.context.signal);
  if (typed === null) throw new DeployError('CANCELLED', { what: operation.title });
  return typed.trim();
}

/** Before a ship at a terminal: a project that nobody has trusted as it is now is shown, and the person decides once. */
export async function askTrust(session: Session): Promise<void> {
  const { terminal, environment } = session.io;
  const trust = session.operations.find(({ name }) => name === 'trust');
  const isCi = session.context.ci !== undefined || environment['SEATRIAL_MODE'] === 'ci';
  if (trust === undefined || !terminal.isInteractive || isCi) return;
  const code = await askPerson(trust, {}, session);
  if (code === null) return;
  const { text } = await runOperation(trust, { code }, session.context);
  (session.json ? session.io.writeError : session.io.writeOut)(`${printable(text)}\n\n`);
}
