/**
 * `count` numbers from `first` to `last`, each the same factor above the one before. Both must be positive. Pure.
 *
 * Example: `logSpaced(0.01, 1, 3)` = [0.01, 0.1, 1].
 */
export function logSpaced(first: number, last: number, count: number): number[] {
  const from = Math.log(first);
  const step = (Math.log(last) - from) / (count - 1);
  return Array.from({ length: count }, (_, index) => Math.exp(from + index * step));
}
