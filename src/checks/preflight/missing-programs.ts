import type { CommandTargetSpec, InstanceSpec, RevisionSpec, TargetSpec } from '../../model/config/target.ts';
import { allowedEnvironment } from '../../system/environment.ts';
import { findProgram } from '../../system/find-program.ts';

export type ProgramsPlace = { directory: string; revision: RevisionSpec };

/** Commands of a target whose program is not there, found before the step that needs it: `promote: kamal`, `start: docker`. */
export async function missingPrograms(target: TargetSpec, place: ProgramsPlace): Promise<string[]> {
  const { directory } = place;
  const path = searchPath(target, place);
  const missing: string[] = [];
  for (const [name, program] of programsOf(target))
    if ((await findProgram(program, { directory, path })) === null) missing.push(`${name}: ${program}`);
  return missing;
}

function programsOf(target: TargetSpec): (readonly [string, string])[] {
  return target.kind === 'command' ? targetPrograms(target) : instancePrograms(target);
}

function targetPrograms({ commands }: CommandTargetSpec): (readonly [string, string])[] {
  return Object.entries(commands).flatMap(([name, command]) => {
    const program = command?.argv[0];
    return program === undefined ? [] : [[name, program] as const];
  });
}

/** A path inside a release folder leads nowhere yet; only what is found without the release is looked for. */
function instancePrograms({ instanceCommands, directory }: InstanceSpec): (readonly [string, string])[] {
  const { start, stop, status } = instanceCommands ?? {};
  return Object.entries({ start, stop, status }).flatMap(([name, argv]) => {
    const program = argv?.[0];
    const inRelease = directory !== undefined && program !== undefined && /^[^/]+\//.test(program);
    return program === undefined || inRelease ? [] : [[name, program] as const];
  });
}

function searchPath(target: TargetSpec, { revision }: ProgramsPlace): string {
  const { pass, set } = target.kind === 'command' ? { pass: target.pass, set: {} } : revision.env;
  return allowedEnvironment({ pass, fileText: null, set })['PATH'] ?? '';
}
