import { relative } from 'node:path';
import { toDeployError } from '../../model/deploy-error.ts';
import { readFileFacts } from '../../system/file-facts.ts';
import { readTextFile, resolveInside } from '../../system/files.ts';
import type { PreflightContext } from './context.ts';

export type DocumentFacts =
  | { state: 'refused' | 'missing' | 'empty'; reason: string }
  | { state: 'present'; characters: number; changedAtMs: number; dated: 'commit' | 'file' };

/** A document of the project as evidence: whether it says anything, and when it was last changed. */
export async function inspectDocument(
  context: PreflightContext,
  path: string,
  signal: AbortSignal,
): Promise<DocumentFacts> {
  const real = await resolveInside(context.projectDirectory, path).catch((thrown: unknown) => toDeployError(thrown));
  if (typeof real !== 'string') return { state: 'refused', reason: real.message };
  const facts = await readFileFacts(real);
  if (facts === null || !facts.plain) return { state: 'missing', reason: `${path} does not exist` };
  const text = (await readTextFile(real))?.trim() ?? '';
  if (text === '') return { state: 'empty', reason: `${path} is empty` };
  const committedAtMs = await lastCommitMs(context, real, signal);
  return committedAtMs === null
    ? { state: 'present', characters: text.length, changedAtMs: facts.modifiedMs, dated: 'file' }
    : { state: 'present', characters: text.length, changedAtMs: committedAtMs, dated: 'commit' };
}

/** A checkout gives every file the time of the checkout, so the commit that changed it last counts where there is one. */
async function lastCommitMs(
  { repository }: PreflightContext,
  path: string,
  signal: AbortSignal,
): Promise<number | null> {
  if (repository === null) return null;
  return repository.lastChangeMs(relative(repository.directory, path), signal);
}
