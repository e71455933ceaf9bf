import type { Note } from './note.ts';

/** From this similarity on two notes are pointed out as saying the same. */
export const nearDuplicateFrom = 0.5;
const shingleLength = 3;

export type NearDuplicate = { of: string; like: string; similarity: number };

/**
 * How alike two texts are, 0–1: the Jaccard index of their word 3-shingles (Broder, "On the resemblance and containment
 * of documents", 1997), without case and punctuation. Texts of fewer than three words are one shingle. Pure.
 */
export function similarity(one: string, other: string): number {
  const [first, second] = [shinglesOf(one), shinglesOf(other)];
  if (first.size === 0 || second.size === 0) return 0;
  let common = 0;
  for (const shingle of first) if (second.has(shingle)) common += 1;
  return common / (first.size + second.size - common);
}

/**
 * Pairs of notes that say nearly the same, each named once at the later one (by id), the most similar first. Only pairs
 * with a shingle in common are compared. Pure.
 */
export function findNearDuplicates(notes: readonly Note[]): NearDuplicate[] {
  const sorted = [...notes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const byShingle = new Map<string, number[]>();
  const sizes: number[] = [];
  const found: NearDuplicate[] = [];
  for (const [index, note] of sorted.entries()) {
    const shingles = shinglesOf(note.text);
    sizes.push(shingles.size);
    const common = new Map<number, number>();
    for (const shingle of shingles) {
      const earlier = byShingle.get(shingle) ?? [];
      for (const other of earlier) common.set(other, (common.get(other) ?? 0) + 1);
      byShingle.set(shingle, [...earlier, index]);
    }
    const best = [...common]
      .map(([other, count]) => ({
        like: sorted[other]?.id ?? '',
        similarity: count / (shingles.size + (sizes[other] ?? 0) - count),
      }))
      .filter((pair) => pair.similarity >= nearDuplicateFrom)
      .sort((a, b) => b.similarity - a.similarity || (a.like < b.like ? -1 : 1))[0];
    if (best !== undefined) found.push({ of: note.id, ...best });
  }
  return found;
}

function shinglesOf(text: string): Set<string> {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return new Set();
  if (words.length < shingleLength) return new Set([words.join(' ')]);
  return new Set(
    Array.from({ length: words.length - shingleLength + 1 }, (_, at) => words.slice(at, at + shingleLength).join(' ')),
  );
}
