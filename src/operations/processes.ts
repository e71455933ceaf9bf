import { runHost } from '../local-host/host/run-host.ts';
import { createSystemClock } from '../system/clock.ts';
import { superviseResume, superviseStart } from './supervise.ts';
import { watchRun } from './watchdog.ts';

/** Bodies of the detached processes, by the hidden sub-command that starts them. They write to their log, never to a protocol. */
export const processes: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'host-daemon': async ([directory]) => {
    await runHost({ directory: required(directory) });
  },
  supervise: async ([how, projectDirectory, runId]) => {
    const clock = createSystemClock();
    if (how === 'resume') await superviseResume(required(projectDirectory), required(runId), clock);
    else await superviseStart(required(projectDirectory), required(runId), clock);
  },
  watchdog: async ([projectDirectory, runId]) => {
    await watchRun(required(projectDirectory), required(runId), createSystemClock());
  },
};

function required(argument: string | undefined): string {
  if (argument === undefined) throw new Error('an argument is missing; this sub-command is started by seatrial itself');
  return argument;
}
