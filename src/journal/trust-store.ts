import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, readJsonFile, removeFile, writeFileAtomic } from '../system/files.ts';

const entrySchema = z.strictObject({
  kind: z.enum(['runs', 'contacts', 'variables', 'files', 'rules', 'texts']),
  at: z.string(),
  value: z.string(),
});

export const trustRecordSchema = z.strictObject({
  v: z.literal(1),
  /** Real path of the project: another checkout of the same repository is another project to trust. */
  directory: z.string(),
  /** SHA-256 (hex) of directory and entries. */
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** What was trusted, so that a change can be shown against it. */
  entries: z.array(entrySchema),
  by: z.string(),
  /** A person who typed a code, or a program that made the project itself (the demonstration, tests). */
  how: z.enum(['terminal', 'own-project']),
  atMs: z.number().int(),
});
export type TrustRecord = z.infer<typeof trustRecordSchema>;

/** What a person trusted in a folder, or null. Throws FILE_DAMAGED. */
export async function loadTrust(stateRoot: string, directory: string): Promise<TrustRecord | null> {
  const record = await readJsonFile(trustPath(stateRoot, directory), trustRecordSchema);
  return record?.directory === directory ? record : null;
}

export async function saveTrust(stateRoot: string, record: TrustRecord): Promise<void> {
  await ensurePrivateDirectory(join(stateRoot, 'trust'));
  await writeFileAtomic(trustPath(stateRoot, record.directory), canonicalJson(trustRecordSchema.parse(record)));
}

/** Nothing is trusted in that folder afterwards. */
export async function revokeTrust(stateRoot: string, directory: string): Promise<void> {
  await removeFile(trustPath(stateRoot, directory));
}

function trustPath(stateRoot: string, directory: string): string {
  return join(stateRoot, 'trust', `${sha256Hex(directory).slice(0, 32)}.json`);
}
