import type { EvidenceCurve } from '../analysis/replay.ts';
import { renderMs } from '../model/step.ts';
import { largestOf, lastOf, sampleCurve } from './sample-curve.ts';

export type ChartRequest = { curve: EvidenceCurve; timesMs: readonly number[]; startMs: number; endMs: number };

const rows = 12;
const columns = 60;
/** Evidence below one to a hundred is drawn at the bottom: how far below says nothing more. */
const lowestLn = -Math.log(100);
const marks = { harm: '●', safe: '○', both: '◉', harmLimit: '─', safeLimit: '╌' } as const;

/**
 * ln evidence over time as text, 15 lines of at most 100 columns: harm ●, safety ○, both ◉, and their limits as lines.
 * Readable without colour. Pure.
 */
export function renderEvidenceChart(request: ChartRequest): string {
  const { curve, startMs, endMs } = request;
  const scale = scaleOf(curve);
  const grid = Array.from({ length: rows }, () => Array.from({ length: columns }, () => ' '));
  drawLine(grid[scale.rowOf(curve.lnSafeLimit)], marks.safeLimit);
  drawLine(grid[scale.rowOf(curve.lnHarmLimit)], marks.harmLimit);
  drawCurve(grid, marks.safe, sampleLn(request, curve.lnSafe, lastOf).map(scale.rowOfPoint));
  // A peak decides, however short it is.
  drawCurve(grid, marks.harm, sampleLn(request, curve.lnHarm, largestOf).map(scale.rowOfPoint));
  const lines = grid.map((row, index) => {
    const note = limitNotes(curve, scale.rowOf, index);
    return `${scale.labelOf(index).padStart(8)} ┤${row.join('')}${note === '' ? '' : ` ${note}`}`.trimEnd();
  });
  const [from, to] = ['0s', renderMs(Math.max(1, Math.round(endMs - startMs)))];
  return [
    ...lines,
    `${' '.repeat(9)}└${'─'.repeat(columns)}`,
    `${' '.repeat(10)}${from}${to.padStart(columns - from.length)}`,
  ].join('\n');
}

type Scale = {
  rowOf(ln: number): number;
  rowOfPoint(ln: number | null): number | null;
  labelOf(row: number): string;
};

function scaleOf(curve: EvidenceCurve): Scale {
  const top = Math.max(curve.lnHarmLimit, curve.lnSafeLimit) * 1.15;
  const step = (top - lowestLn) / (rows - 1);
  const rowOf = (ln: number): number =>
    rows - 1 - Math.round((Math.min(top, Math.max(lowestLn, ln)) - lowestLn) / step);
  const labels = new Map<number, string>();
  for (const odds of [0.01, 0.1, 1, 10, 100, 1000, 10_000]) {
    if (Math.log(odds) <= top) labels.set(rowOf(Math.log(odds)), renderOdds(Math.log(odds)));
  }
  labels.set(rowOf(curve.lnSafeLimit), renderOdds(curve.lnSafeLimit));
  labels.set(rowOf(curve.lnHarmLimit), renderOdds(curve.lnHarmLimit));
  return {
    rowOf,
    rowOfPoint: (ln) => (ln === null ? null : rowOf(ln)),
    labelOf: (row) => labels.get(row) ?? '',
  };
}

/** ln of odds as people say them: `100:1`, `1:10`. Pure. */
export function renderOdds(ln: number): string {
  const odds = Math.exp(Math.abs(ln));
  const rounded = odds >= 10 ? Math.round(odds) : Number(odds.toPrecision(2));
  return ln >= 0 ? `${rounded}:1` : `1:${rounded}`;
}

function sampleLn(
  { timesMs, startMs, endMs }: ChartRequest,
  values: readonly number[],
  choose: (values: readonly number[]) => number,
): Array<number | null> {
  return sampleCurve({ timesMs, values, startMs, endMs }, columns, choose);
}

function drawLine(row: string[] | undefined, mark: string): void {
  row?.fill(mark);
}

function drawCurve(grid: string[][], mark: string, points: ReadonlyArray<number | null>): void {
  points.forEach((point, column) => {
    const row = point === null ? undefined : grid[point];
    if (row !== undefined) row[column] = row[column] === marks.safe ? marks.both : mark;
  });
}

function limitNotes(curve: EvidenceCurve, rowOf: (ln: number) => number, row: number): string {
  const notes = [
    ...(rowOf(curve.lnHarmLimit) === row ? ['● here: roll back'] : []),
    ...(rowOf(curve.lnSafeLimit) === row ? ['○ here: safe'] : []),
  ];
  return notes.join(', ');
}
