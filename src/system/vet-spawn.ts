import { resolve } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { findProgram } from './find-program.ts';

export type SpawnRequest = {
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
};

/**
 * The absolute program and its arguments, or null when no program has this name. Throws COMMAND_REFUSED for what no program
 * can be given as it is: NUL characters, a variable whose name is none, more than the system takes.
 */
export async function vetSpawn({ argv, cwd, env }: SpawnRequest): Promise<{ program: string; args: string[] } | null> {
  const [name = '', ...args] = argv;
  const refuse = (reason: string): never => {
    throw new DeployError('COMMAND_REFUSED', { program: name.replaceAll('\0', '').slice(0, 100), reason });
  };
  if ([cwd, ...argv].some((text) => text.includes('\0'))) refuse('an argument has a NUL character');
  if (argv.some((text) => Buffer.byteLength(text) > longestArgumentBytes)) refuse('an argument is too long');
  for (const [variable, value] of Object.entries(env)) {
    if (variable === '' || /[=\0]/.test(variable)) refuse(`"${variable.slice(0, 40)}" is no name of a variable`);
    if (value.includes('\0')) refuse(`the variable ${variable} has a NUL character`);
  }
  // A path is where it says; whether it can be executed, the system tells best.
  const program = name.includes('/')
    ? resolve(cwd, name)
    : await findProgram(name, { directory: cwd, path: env['PATH'] ?? '' });
  return program === null ? null : { program, args };
}

/** Linux takes 128 KiB for one. */
const longestArgumentBytes = 128 * 1024 - 1;
