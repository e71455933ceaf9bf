import { type InstanceExit, type InstanceRequest, spawnInstance } from './instance-process.ts';

export type LoggedCommandRequest = InstanceRequest & {
  timeoutMs: number;
  /** What a program that ended well has left running in its process group stays; otherwise all of it is ended. */
  leavesBehind: boolean;
};

export type LoggedCommandEnd = {
  ok: boolean;
  timedOut: boolean;
  /** `exit code 3`, `killed by SIGTERM`, `not finished after 30 s`. */
  how: string;
};

const killAfterMs = 2000;

/**
 * Runs a program to its end with standard output and error in a file: what it starts may go on writing there, and nobody waits
 * for it. The deadline ends its whole process group. Throws COMMAND_NOT_FOUND or COMMAND_FAILED when it cannot be started.
 */
export async function runLoggedCommand(request: LoggedCommandRequest): Promise<LoggedCommandEnd> {
  const process = await spawnInstance(request);
  let timedOut = false;
  let killTimer: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => {
    timedOut = true;
    process.signal('SIGTERM');
    killTimer = setTimeout(() => process.signal('SIGKILL'), killAfterMs);
  }, request.timeoutMs);
  const exit = await new Promise<InstanceExit>((resolve) => process.onExit(resolve));
  clearTimeout(deadline);
  clearTimeout(killTimer);
  const ok = !timedOut && exit.code === 0;
  if (!ok || !request.leavesBehind) process.signal('SIGKILL');
  return { ok, timedOut, how: timedOut ? `not finished after ${request.timeoutMs / 1000} s` : howItEnded(exit) };
}

function howItEnded({ code, signal }: InstanceExit): string {
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}
