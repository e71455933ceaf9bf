import {
  adoptInstance,
  type InstanceProcess,
  type InstanceRequest,
  spawnInstance,
} from '../../system/instance-process.ts';
import { isAlive } from '../../system/process-identity.ts';
import { endsWithin } from './ends-within.ts';
import type { InstanceRunner, RunningInstance } from './running-instance.ts';

const killedWithinMs = 5000;

/** Instances that are processes of this machine, each with a group of its own. */
export function createProcessRunner(request: InstanceRequest): InstanceRunner {
  return {
    launched: false,
    clear: async () => undefined,
    start: async (port) =>
      runningProcess(await spawnInstance({ ...request, env: { ...request.env, PORT: String(port) } })),
    lives: async ({ identity }) => identity !== null && (await isAlive(identity)),
    adopt: async ({ identity, port }) => {
      const process = identity === null || port === null ? null : await adoptInstance(identity);
      return process === null ? null : runningProcess(process);
    },
  };
}

function runningProcess(process: InstanceProcess): RunningInstance {
  // What the process itself started must not keep its port or its place.
  process.onExit(() => process.signal('SIGKILL'));
  return {
    identity: process.identity,
    onExit: process.onExit,
    // It may come back by itself, and its end is seen when it comes.
    healthLost: () => undefined,
    kill: () => process.signal('SIGKILL'),
    end: async (stopMs) => {
      const ended = new Promise<void>((resolve) => process.onExit(() => resolve()));
      process.signal('SIGTERM');
      if (await endsWithin(ended, stopMs)) return;
      process.signal('SIGKILL');
      await endsWithin(ended, killedWithinMs);
    },
  };
}
