import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, readJsonFile, writeFileAtomic } from '../system/files.ts';

const placeSchema = z.strictObject({
  v: z.literal(1),
  /** Real path of the project. */
  directory: z.string(),
  projectId: z.string().regex(/^[0-9a-f]{16}$/),
});

/** Whoever has asked git for a project's id writes it down for those who may start no program (hooks). A change replaces it. */
export async function rememberPlace(
  stateRoot: string,
  { directory, projectId }: { directory: string; projectId: string },
): Promise<void> {
  if ((await recallPlace(stateRoot, directory).catch(() => null)) === projectId) return;
  await ensurePrivateDirectory(join(stateRoot, 'places'));
  await writeFileAtomic(placePath(stateRoot, directory), canonicalJson({ v: 1, directory, projectId }));
}

/** The id that a project had when a command last looked; null when none has. Throws FILE_DAMAGED. */
export async function recallPlace(stateRoot: string, directory: string): Promise<string | null> {
  const place = await readJsonFile(placePath(stateRoot, directory), placeSchema);
  return place?.directory === directory ? place.projectId : null;
}

function placePath(stateRoot: string, directory: string): string {
  return join(stateRoot, 'places', `${sha256Hex(directory).slice(0, 32)}.json`);
}
