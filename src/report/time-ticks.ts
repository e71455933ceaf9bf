import { renderMs } from '../model/step.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Steps in which people count time, in ms. */
const steps = [
  ...[1, 2, 5, 10, 25, 50, 100, 250, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 4, 6, 12, 24, 48, 168].map((count) => count * hour),
];

/** Round times from 0 to `spanMs`, at most `most` of them after 0. Pure. */
export function spanTicks(spanMs: number, most: number): number[] {
  const step = steps.find((one) => spanMs / one <= most) ?? spanMs / most;
  return Array.from({ length: Math.floor(spanMs / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** `0s`, `250ms`, `1m 30s`. Pure. */
export function timeLabel(ms: number): string {
  return ms < 1 ? '0s' : renderMs(Math.round(ms));
}
