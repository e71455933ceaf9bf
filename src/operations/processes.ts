import { guardHost } from '../local-host/host/guard-host.ts';
import { runHost } from '../local-host/host/run-host.ts';
import { createSystemClock } from '../system/clock.ts';
import { writeOwnLog } from '../system/own-log.ts';
import { launchGuard, launchHost } from './launch-host.ts';
import { returnUsers } from './return-users.ts';
import { superviseResume, superviseStart } from './supervise.ts';
import { watchRun } from './watchdog.ts';

/** Bodies of the detached processes, by the hidden sub-command that starts them. They write to their log, never to a protocol. */
export const processes: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  'host-daemon': async ([directory]) => {
    const own = required(directory);
    await runHost({ directory: own, launchGuard: () => launchGuard(own) });
  },
  'host-guard': async ([directory]) => {
    const own = required(directory);
    const warn = (message: string): void => writeOwnLog(`${new Date().toISOString()} guard: ${message}`);
    await guardHost({
      directory: own,
      pid: process.pid,
      launchHost: () => launchHost(own),
      warn,
      clock: createSystemClock(),
    });
  },
  'return-users': async ([projectDirectory, runId, environment, candidateId, fence]) => {
    await returnUsers({
      projectDirectory: required(projectDirectory),
      runId: required(runId),
      environment: required(environment),
      candidateId: required(candidateId),
      fence: Number(required(fence)),
    });
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
