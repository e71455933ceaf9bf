import type { Caller } from '../model/operation.ts';

/** What to do next, in the words of the door: a tool call for an agent, a command for a person. Pure. */
export function nextStep(caller: Caller, words: { tool: string; command: string }): string {
  return `Next: ${caller.door === 'cli' ? words.command : words.tool}`;
}
