export type Point = readonly [x: number, y: number];

/** One decimal is finer than a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A line through points; a dot where there is only one; nothing without any. Pure. */
export function polyline(name: string, points: readonly Point[]): string {
  const [only] = points;
  if (only === undefined) return '';
  if (points.length === 1) return `<circle class="dot ${name}" cx="${round(only[0])}" cy="${round(only[1])}" r="3"/>`;
  return `<polyline class="curve ${name}" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`;
}

/** A filled shape. Pure. */
export function polygon(className: string, points: readonly Point[]): string {
  if (points.length < 3) return '';
  return `<polygon class="${className}" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`;
}

/** Marks of a ratio axis from 0 to `top`, at most six. Pure. */
export function ratioTicks(top: number): number[] {
  const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
  const step = steps.find((one) => top / one <= 5) ?? 0.5;
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
}
