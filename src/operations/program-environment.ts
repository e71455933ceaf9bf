import { allowedEnvironment } from '../system/environment.ts';
import { readTextFile, resolveInside } from '../system/files.ts';
import type { Place } from './place.ts';

/** Variables of the service's own programs, as configured: the fixed list, what is passed, the file, what is set. Throws FILE_REFUSED. */
export async function loadServiceEnvironment(place: Place): Promise<Record<string, string>> {
  const { pass, file, set } = place.spec.revision.env;
  const fileText = file === undefined ? null : await readTextFile(await resolveInside(place.project.directory, file));
  return allowedEnvironment({ pass, fileText, set });
}
