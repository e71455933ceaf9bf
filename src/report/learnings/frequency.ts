const buckets: ReadonlyArray<readonly [atLeast: number, stars: string, word: string]> = [
  [8, '★★★★★', 'chronic'],
  [5, '★★★★☆', 'frequent'],
  [3, '★★★☆☆', 'occasional'],
  [1, '★★☆☆☆', 'rare'],
  [0, '★☆☆☆☆', 'not yet seen'],
];

/** `★★★☆☆ (3/41 - occasional)`: always with the true count. Pure. */
export function renderFrequency(seen: number, runs: number): string {
  const bucket = buckets.find(([atLeast]) => seen >= atLeast);
  return `${bucket?.[1] ?? '★☆☆☆☆'} (${seen}/${runs} - ${bucket?.[2] ?? 'not yet seen'})`;
}
