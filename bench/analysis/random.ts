/** Draws of one run: the same seed gives the same run on every machine. */
export type Random = {
  /** Uniform in [0, 1). */
  uniform(): number;
  normal(): number;
  poisson(mean: number): number;
  /** Successes among `count` trials of chance `ratio`. */
  binomial(count: number, ratio: number): number;
};

/** Above this mean the search from 0 would lose digits, so the draw is put together from several. */
const meanAtMost = 30;

/**
 * sfc32, seeded through splitmix32: 128 bits of state, so that the runs of thousands of seeds do not overlap, which the
 * streams of a 32-bit generator do. Poisson and binomial draws are exact (inversion).
 * Reference: Doty-Humphrey, PractRand (sfc32).
 */
export function createRandom(seed: number): Random {
  const uniform = sfc32(seed);
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    poisson: (mean) => drawPoisson(uniform, mean),
    binomial: (count, ratio) =>
      ratio > 0.5 ? count - drawBinomial(uniform, count, 1 - ratio) : drawBinomial(uniform, count, ratio),
  };
}

function sfc32(seed: number): () => number {
  let mixing = seed >>> 0;
  const next = (): number => {
    mixing = (mixing + 0x9e3779b9) | 0;
    let word = Math.imul(mixing ^ (mixing >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) | 0;
  };
  let [a, b, c, counter] = [next(), next(), next(), 1];
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) draw();
  return draw;
}

function drawPoisson(uniform: () => number, mean: number): number {
  let [rest, total] = [mean, 0];
  while (rest > meanAtMost) {
    total += searchPoisson(uniform(), meanAtMost);
    rest -= meanAtMost;
  }
  return rest > 0 ? total + searchPoisson(uniform(), rest) : total;
}

function searchPoisson(u: number, mean: number): number {
  let [chance, count] = [Math.exp(-mean), 0];
  let below = chance;
  while (u >= below && count < 1000) {
    count += 1;
    chance *= mean / count;
    below += chance;
  }
  return count;
}

/** `ratio` at most ½. */
function drawBinomial(uniform: () => number, count: number, ratio: number): number {
  if (count === 0 || ratio <= 0) return 0;
  const piece = Math.max(1, Math.floor(meanAtMost / ratio));
  let [rest, total] = [count, 0];
  while (rest > 0) {
    const trials = Math.min(rest, piece);
    total += searchBinomial(uniform(), trials, ratio);
    rest -= trials;
  }
  return total;
}

function searchBinomial(u: number, trials: number, ratio: number): number {
  const odds = ratio / (1 - ratio);
  let [chance, successes] = [Math.exp(trials * Math.log1p(-ratio)), 0];
  let below = chance;
  while (u >= below && successes < trials) {
    chance *= (odds * (trials - successes)) / (successes + 1);
    successes += 1;
    below += chance;
  }
  return successes;
}
