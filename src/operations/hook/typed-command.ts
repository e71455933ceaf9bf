import { join } from 'node:path';
import { fileExists, listDirectory } from '../../system/files.ts';
import { packageRoot } from '../../system/package-root.ts';
import type { HookAnswer } from './hook-input.ts';
import type { HookPlace } from './hook-place.ts';

const longestArguments = 2_000;

/**
 * A command of the plugin that was typed by its bare name, which the client does not know by that name: the model is told where it stands.
 * Silent when the project or the user has a command of that name.
 */
export async function typedCommand(prompt: string, place: HookPlace, home: string | undefined): Promise<HookAnswer> {
  const [, name, typed = ''] = /^\/([a-z0-9][a-z0-9-]{0,60})(?:\s+([\s\S]*))?$/.exec(prompt.trim()) ?? [];
  if (name === undefined) return null;
  const file = join(packageRoot(), 'commands', `${name}.md`);
  if (!(await listDirectory(join(packageRoot(), 'commands'))).includes(`${name}.md`)) return null;
  const folders = [place.directory, ...(home === undefined || home === '' ? [] : [home])];
  for (const folder of folders)
    if (await fileExists(join(folder, '.claude', 'commands', `${name}.md`)).catch(() => false)) return null;
  const words = typed.trim().slice(0, longestArguments);
  const given = words === '' ? 'without arguments' : `with the arguments ${JSON.stringify(words)}`;
  const text = `/${name} is a command of the seatrial plugin; its full name is /seatrial:${name}. Carry it out now as the user typed it, ${given}: run the command seatrial:${name} with them if you can start commands, else read ${file} and follow it with these arguments in place of $ARGUMENTS. Keep every argument. Do not deploy by shell commands instead.`;
  return { hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: text } };
}
