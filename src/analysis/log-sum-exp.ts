/**
 * ln Σ e^x of natural logarithms, without overflow; −Infinity for an empty list. Pure.
 *
 * Limits: terms more than about 36 below the largest are lost to rounding, which makes evidence smaller, never larger.
 *
 * Example: `logSumExp([Math.log(2), Math.log(3)])` = ln 5 = 1.6094…
 */
export function logSumExp(terms: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const term of terms) if (term > largest) largest = term;
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (const term of terms) sum += Math.exp(term - largest);
  return largest + Math.log(sum);
}

/** ln of the plain mean of e^x; evidence of a mixture with equal weights. Pure. */
export function logMeanExp(terms: readonly number[]): number {
  return logSumExp(terms) - Math.log(terms.length);
}
