import { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import { emitText } from '../../model/redaction/emit.ts';
import { bashInput, type HookAnswer, promptInput, sessionStartInput, stopInput } from './hook-input.ts';
import { findHookPlace, type HookPlace } from './hook-place.ts';

export const hookEvents = ['session-start', 'pre-tool-use', 'post-tool-use', 'stop', 'user-prompt-submit'] as const;
export type HookEvent = (typeof hookEvents)[number];

export type HookRequest = {
  event: HookEvent;
  /** What came on standard input. */
  text: string;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
};

/**
 * What a hook prints: one line of JSON, or nothing. Never throws: whatever is broken (its input, the configuration, the state folder)
 * is for other commands to tell; a hook must not stand in the way of a session. Starts no program and opens no connection. Each event
 * loads what it needs and no more, because the agent waits.
 */
export async function runHook(request: HookRequest): Promise<string> {
  // Each schema is used once: making a faster parser of it takes longer than it saves.
  z.config({ jitless: true });
  try {
    const answer = await handlers[request.event](JSON.parse(request.text), request);
    return answer === null ? '' : `${emitText(JSON.stringify(answer))}\n`;
  } catch {
    return '';
  }
}

type Handler = (input: unknown, request: HookRequest) => Promise<HookAnswer>;

const handlers: Readonly<Record<HookEvent, Handler>> = {
  'session-start': async (given, { env, clock }) => {
    const place = await findHookPlace(sessionStartInput.parse(given).cwd, env);
    if (place === null) return null;
    const { startOfSession } = await import('./start-of-session.ts');
    return startOfSession(place, clock);
  },
  'pre-tool-use': async (given, { env, clock }) => {
    const { tool_name, tool_input, cwd } = bashInput.parse(given);
    const place = tool_name === 'Bash' ? await findHookPlace(cwd, env) : null;
    if (place === null || !(await mayDeploy(tool_input.command, place))) return null;
    const { beforeBash } = await import('./bash-hooks.ts');
    return beforeBash(tool_input.command, place, clock);
  },
  'post-tool-use': async (given, { env, clock }) => {
    const { tool_name, tool_input, cwd, tool_use_id, session_id } = bashInput.parse(given);
    const place = tool_name === 'Bash' && tool_use_id !== undefined ? await findHookPlace(cwd, env) : null;
    if (place === null || !(await mayDeploy(tool_input.command, place))) return null;
    const { afterBash } = await import('./bash-hooks.ts');
    const callId = JSON.stringify([session_id ?? '', tool_use_id]);
    return afterBash({ command: tool_input.command, callId }, place, clock);
  },
  stop: async (given, { env }) => {
    const { cwd, stop_hook_active } = stopInput.parse(given);
    const place = stop_hook_active === true ? null : await findHookPlace(cwd, env);
    if (place === null) return null;
    const { endOfTurn } = await import('./end-of-turn.ts');
    return endOfTurn(place);
  },
  'user-prompt-submit': async (given, { env }) => {
    const { cwd, prompt } = promptInput.parse(given);
    const place = prompt.trimStart().startsWith('/') ? await findHookPlace(cwd, env) : null;
    if (place === null) return null;
    const { typedCommand } = await import('./typed-command.ts');
    return typedCommand(prompt, place, env['HOME']);
  },
};

async function mayDeploy(command: string, place: HookPlace): Promise<boolean> {
  const { maybeDeploys } = await import('./maybe-deploys.ts');
  return maybeDeploys(command, place);
}
