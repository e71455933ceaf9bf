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
    const refused = read.patches.map((patch) => refusalOf(patch.path)).find((reason) => reason !== null);
    if (refused === undefined) found.patches.push(...read.patches);
    else found.complaints.push({ line: block.line, text: refused ?? '' });
  }
  return found;
}

/** Why a path is no document that a review may change; null when it may. What it leads to is looked at when it is used. */
function refusalOf(path: string): string | null {
  const parts = path.split(/[/\\]/);
  if (path.includes('\\') || /^[A-Za-z]:/.test(path) || path.startsWith('/') || parts.includes('..'))
    return `the patch is for ${path}; documents lie inside the project and are named by their path from it`;
  if (parts.some((part) => part.startsWith('.') || part === 'node_modules' || part === ''))
    return `the patch is for ${path}; hidden folders and those of packages hold no documents`;
  if (!/\.(md|mdx|markdown|txt|rst|adoc)$/i.test(path))
    return `the patch is for ${path}; a review changes documents (.md, .mdx, .txt, .rst, .adoc) and nothing else`;
  return null;
}
