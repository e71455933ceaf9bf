import { z } from 'zod';
import { forceRelease } from '../journal/forced-release.ts';
import { type LockHolder, readLock } from '../journal/lock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { assertPersonAtTerminal } from './person-at-terminal.ts';
import { openPlace } from './place.ts';
import { openProjectOrLast } from './project.ts';
import { shortCodeOf } from './short-code.ts';

export const unlock = defineOperation({
  name: 'unlock',
  title: 'Open a lock that a dead owner left behind',
  description:
    'Rarely needed: a dead owner is followed by itself, and its run rolled back. For when that run cannot be read any more, or belongs to a project that is gone. A living owner is never locked out: abort its run. A person at a terminal types a code; it is recorded.',
  tool: false,
  effects: 'person',
  input: z.object({
    environment: environmentField,
    force: z.boolean().default(false).describe('Required: the run of the dead owner is given up'),
    reason: z.string().min(3).max(500).describe('Why; kept beside the lock and in the record of the next run'),
    show: z.boolean().default(false).describe('Only print who holds it'),
    code: z.string().max(16).optional().describe('The code that was shown; asked for at a terminal when left out'),
  }),
  cli: {
    command: 'unlock',
    positional: [],
    examples: ['seatrial unlock --force --reason "the run folder is gone" --env production'],
  },
  run: async ({ environment, force, reason, show, code: typed }, context) => {
    const place = openPlace(await openProjectOrLast(context), environment);
    const reading = await readLock(place.lockDirectory);
    if (reading.state === 'free')
      return { data: { code: null, state: 'free' }, text: `Nobody holds the lock of ${place.name}.` };
    const { holder } = reading;
    assertMayOpen(place.name, { holder, alive: reading.state === 'held', force });
    const code = shortCodeOf(sha256Hex(JSON.stringify([place.lockDirectory, holder])));
    const who = `run ${holder.runId}, generation ${holder.generation}, since ${new Date(holder.sinceMs).toISOString()}; its owner (pid ${holder.identity.pid}) is dead`;
    if (show)
      return {
        data: { code, state: reading.state, holder },
        text: [
          `The lock of ${place.name} is held by ${who}.`,
          'Opening it gives that run up: nobody takes its users back any more. Look first who serves: seatrial host status; better, where it works: seatrial rollback',
        ].join('\n'),
      };
    const { caller, clock } = context;
    const command = `seatrial unlock --force --env ${place.name} --reason ${JSON.stringify(reason)}`;
    assertPersonAtTerminal(caller, { what: 'open the lock of another owner', code, typed, command });
    await forceRelease(place.lockDirectory, holder, { by: caller.name, reason, atMs: clock.now() });
    return {
      data: { code: null, state: 'opened', holder },
      text: `Opened: the lock of ${place.name} (${who}). It is recorded; the next owner has a higher generation, and everything older is refused.`,
    };
  },
});

function assertMayOpen(
  environment: string,
  { holder, alive, force }: { holder: LockHolder; alive: boolean; force: boolean },
): void {
  if (alive)
    throw new DeployError('LOCK_NOT_OPENED', {
      environment,
      reason: `its owner lives (run ${holder.runId}, pid ${holder.identity.pid}), and no force opens the lock of a living one`,
      remedy: `End its run first, which takes users back: seatrial abort ${holder.runId}`,
    });
  if (!force)
    throw new DeployError('LOCK_NOT_OPENED', {
      environment,
      reason: `it belongs to run ${holder.runId}, whose owner is dead, and opening it gives that run up`,
      remedy: `Let it be taken back instead: seatrial status ${holder.runId}. If that cannot work: add --force.`,
    });
}
