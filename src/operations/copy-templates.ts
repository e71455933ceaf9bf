import { basename, join } from 'node:path';
import { listDirectory, readTextFile, resolveInside } from '../system/files.ts';
import { packageRoot } from '../system/package-root.ts';
import { replaceProjectFile } from '../system/project-file.ts';

/** Where blank cards go in a project. */
export const templateFolder = 'docs/deployment';

export type CopiedTemplates = { written: string[]; kept: string[] };

/** Puts the blank cards of the package into a project; whatever is there stays. Throws FILE_REFUSED for a link on the way. */
export async function copyTemplates(directory: string): Promise<CopiedTemplates> {
  const source = join(packageRoot(), 'templates');
  const copied: CopiedTemplates = { written: [], kept: [] };
  for (const name of (await listDirectory(source)).filter((file) => file.endsWith('.md')).sort()) {
    const text = await readTextFile(join(source, name));
    const path = `${templateFolder}/${basename(name)}`;
    const place = await resolveInside(directory, path);
    if (text !== null)
      copied[(await replaceProjectFile(place, { from: null, to: text })) ? 'written' : 'kept'].push(path);
  }
  return copied;
}
