import { documentPathRefusal } from '../model/document-path.ts';
import { type FilePatch, parsePatch } from './patches/parse-patch.ts';
import { readReviewBlocks } from './review-blocks.ts';

export type ReviewPatches = { patches: FilePatch[]; complaints: Array<{ line: number; text: string }> };

/** The patches that a review proposes: its fenced blocks of the language `diff` or `patch`, in their order. Pure. */
export function readReviewPatches(text: string): ReviewPatches {
  const found: ReviewPatches = { patches: [], complaints: [] };
  for (const block of readReviewBlocks(text)) {
    if (block.kind !== 'code' || !['diff', 'patch'].includes(block.language)) continue;
    const read = parsePatch(block.text);
    if (!read.ok) {
      found.complaints.push({ line: block.line, text: `the patch cannot be applied: ${read.complaint}` });
      continue;
    }
    for (const patch of read.patches) {
      const reason = documentPathRefusal(patch.path);
      if (reason === null) found.patches.push(patch);
      else found.complaints.push({ line: block.line, text: `the patch is for ${patch.path}; ${reason}` });
    }
  }
  return found;
}
