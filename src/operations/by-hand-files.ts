import { join } from 'node:path';
import { type ByHand, byHandSchema } from '../model/by-hand.ts';
import { fileExists, listDirectory, readSmallFiles, resolveInside } from '../system/files.ts';
import { jsonOrNull } from '../system/json-or-null.ts';
import { writeProjectFile } from '../system/project-file.ts';

/** Beside the months of the history: whoever reads runs there passes it over. */
const folder = join('.seatrial', 'history', 'by-hand');

/** Deploys that went around seatrial, oldest first. What cannot be read is left out. */
export async function readByHand({ directory }: { directory: string }): Promise<ByHand[]> {
  const names = (await listDirectory(join(directory, folder))).filter((name) => name.endsWith('.json'));
  const files = await readSmallFiles(names.map((name) => join(directory, folder, name)));
  const entries = files.flatMap((file, index) => {
    const entry = byHandSchema.safeParse(file.ok ? jsonOrNull(file.text) : null);
    return entry.success && `${entry.data.id}.json` === names[index] ? [entry.data] : [];
  });
  return entries.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : one.id < other.id ? -1 : 1));
}

/** Keeps one; false when it is kept already. Throws FILE_REFUSED where a link leads out of the project. */
export async function writeByHand({ directory }: { directory: string }, entry: ByHand): Promise<boolean> {
  const path = await resolveInside(directory, join(folder, `${entry.id}.json`));
  if (await fileExists(path)) return false;
  await writeProjectFile(path, `${JSON.stringify(entry, null, 2)}\n`);
  return true;
}
