import type { Writable } from 'node:stream';
import { createSystemClock } from '../../system/clock.ts';
import { readHookInput } from '../../system/read-hook-input.ts';
import { hookEvents, runHook } from './run-hook.ts';

/** What a process has; `stdin` as Node gives it. */
type HookStreams = {
  stdin: NodeJS.ReadStream;
  stdout: Pick<Writable, 'write'>;
  stderr: Pick<Writable, 'write'>;
  env: Readonly<Record<string, string | undefined>>;
};

/** Answers one hook on standard output. Resolves to the exit code: 0, or 1 for an event that there is not; never 2, which would stop what the agent is doing. */
export async function answerHook([event, ...rest]: readonly string[], streams: HookStreams): Promise<number> {
  const known = hookEvents.find((name) => name === event);
  if (known === undefined || rest.length > 0 || streams.stdin.isTTY) {
    streams.stderr.write(
      `seatrial hook <event> answers the hooks of an agent: it reads the hook's JSON on standard input. Events: ${hookEvents.join(', ')}.\n`,
    );
    return known === undefined && event !== '--help' ? 1 : 0;
  }
  const text = await readHookInput(streams.stdin);
  if (text === null) return 0;
  streams.stdout.write(await runHook({ event: known, text, env: streams.env, clock: createSystemClock() }));
  return 0;
}
