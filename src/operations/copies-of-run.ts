import { join } from 'node:path';
import { z } from 'zod';
import { runFolder } from '../journal/state-folder.ts';
import { copyKinds } from '../model/config/copies.ts';
import { readJsonFile, writeFileAtomic } from '../system/files.ts';
import type { Project } from './project.ts';

const copySchema = z.strictObject({
  kind: z.enum(copyKinds),
  /** Relative to the project. */
  path: z.string(),
  /** Why it is not there; null when it was written. */
  reason: z.string().nullable(),
});
export type Copy = z.infer<typeof copySchema>;

/** What was copied when the run ended, and what was not; empty when nothing is configured or kept. */
export async function readCopies(project: Pick<Project, 'state'>, runId: string): Promise<Copy[]> {
  return (await readJsonFile(copiesFile(project, runId), z.array(copySchema)).catch(() => null)) ?? [];
}

export async function saveCopies(
  project: Pick<Project, 'state'>,
  runId: string,
  copies: readonly Copy[],
): Promise<void> {
  await writeFileAtomic(copiesFile(project, runId), JSON.stringify(copies));
}

function copiesFile({ state }: Pick<Project, 'state'>, runId: string): string {
  return join(runFolder(state, runId).directory, 'copies.json');
}
