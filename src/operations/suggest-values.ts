import { loadConfig } from '../config/load-config.ts';
import { loadEnvironment } from '../config/load-environment.ts';
import { listRuns } from '../journal/state-folder.ts';
import { strategyField } from './inputs.ts';
import { locateProject, openProject, type Project } from './project.ts';
import { taggedVersions } from './resolve-revision.ts';

/**
 * Values that an argument of this name may have in a project and that begin with what was typed, whatever their case: versions
 * and run ids newest first. None for an argument that nothing is known of. Nothing of the project is run. Throws CONFIG_* errors.
 */
export async function suggestValues(argument: string, typed: string, directory: string): Promise<string[]> {
  const values = await valuesOf(argument, directory);
  return values.filter((value) => value.toLowerCase().startsWith(typed.toLowerCase()));
}

async function valuesOf(argument: string, directory: string): Promise<readonly string[]> {
  switch (argument) {
    case 'version':
      return versionsOf(await openProject(directory));
    case 'environment':
      return Object.keys((await loadConfig(directory)).config.environments);
    case 'strategy':
      return strategyField.unwrap().options;
    case 'run_id':
    case 'id':
      return listRuns((await locateProject(directory)).state);
    default:
      return [];
  }
}

async function versionsOf({ config, repository }: Project): Promise<string[]> {
  const refs = (await repository?.refNames()) ?? [];
  const forms = Object.keys(config.environments).map((name) => loadEnvironment(config, name).spec.revision.ref);
  const versions = [...new Set(forms)].flatMap((form) => taggedVersions(refs, form));
  return [...new Set(versions)].sort((left, right) => right.localeCompare(left, 'en', { numeric: true }));
}
