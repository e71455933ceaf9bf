import { z } from 'zod';
import { unreadable } from './unreadable-answer.ts';

export type ProcessInfo = {
  version: string;
  /** Of the worker, not of its master. */
  pid: number;
  startedAtSeconds: number;
  uptimeSeconds: number;
  /** It is on its way out after a reload: what it is told changes nothing for new connections. */
  stopping: boolean;
  threads: number;
  maxConnections: number;
};

const whole = z.string().regex(/^\d+$/).transform(Number);
const infoSchema = z.object({
  Version: z.string().regex(/^\d+\.\d+/),
  Pid: whole,
  Start_time_sec: whole,
  Uptime_sec: whole,
  Stopping: whole,
  Nbthread: whole,
  Maxconn: whole,
});

/** `show info`. Pure. Throws TARGET_REFUSED. */
export function parseProcessInfo(answer: string): ProcessInfo {
  const pairs = answer.split('\n').flatMap((line) => {
    const colon = line.indexOf(': ');
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 2)] as const];
  });
  const parsed = infoSchema.safeParse(Object.fromEntries(pairs));
  if (!parsed.success) throw unreadable('show info', answer, parsed.error.issues[0]?.path.join('.') ?? '');
  const info = parsed.data;
  return {
    version: info.Version,
    pid: info.Pid,
    startedAtSeconds: info.Start_time_sec,
    uptimeSeconds: info.Uptime_sec,
    stopping: info.Stopping !== 0,
    threads: info.Nbthread,
    maxConnections: info.Maxconn,
  };
}

/** Whether both were said by one worker. After a reload or restart counters start at 0 and what was set at runtime is gone. Pure. */
export function isSameWorker(before: ProcessInfo, after: ProcessInfo): boolean {
  return before.pid === after.pid && before.startedAtSeconds === after.startedAtSeconds;
}

/** Whether a version such as `2.6.12-1+deb12u4` or `3.0-dev5` is at least `major.minor`. Pure. */
export function isAtLeast(version: string, major: number, minor: number): boolean {
  const [, first = '0', second = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
