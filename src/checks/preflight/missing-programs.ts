import type { TargetSpec } from '../../model/config/target.ts';
import { allowedEnvironment } from '../../system/environment.ts';
import { findProgram } from '../../system/find-program.ts';

/** Commands of a target whose program is not there, found before the step that needs it: `promote: kamal`. */
export async function missingPrograms(target: TargetSpec, directory: string): Promise<string[]> {
  if (target.kind !== 'command') return [];
  const path = allowedEnvironment({ pass: target.pass, fileText: null, set: {} })['PATH'] ?? '';
  const missing: string[] = [];
  for (const [name, command] of Object.entries(target.commands)) {
    const program = command?.argv[0];
    if (program !== undefined && (await findProgram(program, { directory, path })) === null)
      missing.push(`${name}: ${program}`);
  }
  return missing;
}
