/**
 * Clopper–Pearson: the exact interval [low, high] (0–1) of a ratio after `hits` in `runs`, for one look, with chance
 * `miss` / 2 of lying wrong on either side.
 *
 * Reference: Clopper & Pearson (1934). Example: 0 of 4,000, miss 0.05 → [0, 0.000922]; 40 of 4,000 → [0.00715, 0.01359].
 */
export function exactInterval(hits: number, runs: number, miss: number): [number, number] {
  return [exactLower(hits, runs, miss / 2), exactUpper(hits, runs, miss / 2)];
}

/** Smallest ratio at which so many hits or more still have chance `miss`. */
export function exactLower(hits: number, runs: number, miss: number): number {
  if (hits === 0) return 0;
  return bisect((ratio) => 1 - atMost(hits - 1, runs, ratio) < miss);
}

function exactUpper(hits: number, runs: number, miss: number): number {
  if (hits === runs) return 1;
  return bisect((ratio) => atMost(hits, runs, ratio) > miss);
}

/** The ratio at which `below` turns false. */
function bisect(below: (ratio: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Chance of at most `hits` among `runs`. */
function atMost(hits: number, runs: number, ratio: number): number {
  const [lnRatio, lnRest] = [Math.log(ratio), Math.log1p(-ratio)];
  let lnWays = 0;
  let sum = 0;
  for (let count = 0; count <= hits; count++) {
    sum += Math.exp(lnWays + count * lnRatio + (runs - count) * lnRest);
    lnWays += Math.log((runs - count) / (count + 1));
  }
  return Math.min(1, sum);
}
