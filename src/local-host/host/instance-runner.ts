import { createSystemClock } from '../../system/clock.ts';
import { CommandRunner } from './command-runner.ts';
import type { HostSpec } from './host-spec.ts';
import type { Launch } from './host-state.ts';
import { createInstanceCommands } from './instance-commands.ts';
import { createProcessRunner } from './process-runner.ts';
import type { InstanceRunner } from './running-instance.ts';

export type InstanceRunnerOptions = {
  launch: Launch;
  logFile: string;
  revisionId: string;
  id: string;
  /** As it is at the moment. */
  times: () => { health: Pick<HostSpec['health'], 'startupMs' | 'intervalMs'>; stopMs: number };
};

const clock = createSystemClock();

/** The way in which the revision's instances are started. */
export function createInstanceRunner(options: InstanceRunnerOptions): InstanceRunner {
  const { launch, logFile, revisionId, id, times } = options;
  if (!('commands' in launch)) return createProcessRunner({ ...launch, logFile });
  return new CommandRunner({
    commands: createInstanceCommands({ launch, logFile, revisionId, id }),
    clock,
    times: () => {
      const { health, stopMs } = times();
      return { startupMs: health.startupMs, statusEveryMs: health.intervalMs, stopMs };
    },
  });
}
