/** What a benchmark shows. `failed`: something that is promised does not hold; the process then ends with 1. */
export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[]; failed?: boolean };

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Smallest value that a share `q` (0–1) of the values does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** Two or three significant digits, as people read it. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

export function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(3))} %`;
}
