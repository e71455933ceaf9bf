import { DeployError } from '../model/deploy-error.ts';
import { applyPatch } from '../report/patches/apply-patch.ts';
import type { FilePatch } from '../report/patches/parse-patch.ts';
import { readBytes, removeFile, resolveInside } from '../system/files.ts';
import { writeProjectDocument } from '../system/project-file.ts';

/** A document before and after. `before` is null when it does not exist. */
export type DocumentEdit = { path: string; place: string; before: string | null; after: string };
export type EditPlan = { edits: DocumentEdit[]; refusals: string[] };

/**
 * What patches make of the documents of a project, without changing one; why each one that cannot be applied cannot.
 * Several patches of one document follow each other.
 */
export async function planDocumentEdits(directory: string, patches: readonly FilePatch[]): Promise<EditPlan> {
  const edits = new Map<string, DocumentEdit>();
  const refusals: string[] = [];
  for (const patch of patches) {
    const known = edits.get(patch.path) ?? (await readDocument(directory, patch.path));
    if (typeof known === 'string') {
      refusals.push(known);
      continue;
    }
    const exists = known.before !== null || edits.has(patch.path);
    const result = applyPatch(exists ? known.after : null, patch);
    if (result.ok) edits.set(patch.path, { ...known, after: result.text });
    else refusals.push(result.reason);
  }
  return { edits: [...edits.values()], refusals };
}

/**
 * Writes all of the edits or none: when one cannot be written, those before it are taken back. A document that somebody has
 * changed since the edits were planned is left alone. Throws PATCH_REFUSED.
 */
export async function writeDocumentEdits(directory: string, edits: readonly DocumentEdit[]): Promise<DocumentEdit[]> {
  const wanted = edits.filter((edit) => edit.before !== edit.after);
  for (const edit of wanted) await assertUnchanged(directory, edit);
  const written: DocumentEdit[] = [];
  try {
    for (const edit of wanted) {
      await writeProjectDocument(edit.place, edit.after);
      written.push(edit);
    }
  } catch (thrown) {
    for (const edit of written.reverse()) await takeBack(edit);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError(
      'PATCH_REFUSED',
      { reason: `${reason}. Every document is as it was.`, remedy: 'Make the documents writable, then apply again.' },
      thrown,
    );
  }
  return wanted;
}

async function takeBack({ place, before }: DocumentEdit): Promise<void> {
  if (before === null) await removeFile(place);
  else await writeProjectDocument(place, before);
}

async function assertUnchanged(directory: string, edit: DocumentEdit): Promise<void> {
  const now = await readDocument(directory, edit.path);
  if (typeof now !== 'string' && now.before === edit.before) return;
  throw new DeployError('PATCH_REFUSED', {
    reason: `${edit.path} was changed at this very moment. Every document is as it was.`,
    remedy: 'Apply again.',
  });
}

/** The document, or why it is none that can be changed. */
async function readDocument(directory: string, path: string): Promise<DocumentEdit | string> {
  try {
    const place = await resolveInside(directory, path);
    const bytes = await readBytes(place);
    if (bytes === null) return { path, place, before: null, after: '' };
    const text = Buffer.from(bytes).toString('utf8');
    if (!Buffer.from(text).equals(bytes)) return `${path} is not UTF-8 text`;
    return { path, place, before: text, after: text };
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message.replace(/\.$/, '') : String(thrown);
  }
}
