import type { LatencySummary } from '../../model/latency-summary.ts';
import { escapeHtml } from '../escape-html.ts';
import { formatCount, trim } from '../format.ts';
import { type Point, polygon, polyline, round } from '../svg-shapes.ts';

const left = 14;
const right = 14;
const top = 34;
const height = 150;
const foot = 40;
const labelledMs = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 60_000];

type Arm = 'canary' | 'baseline';
type Bar = { lowMs: number; highMs: number; density: number };

/** Where the latencies of both revisions lie, on a logarithmic axis; the area is the share of requests. Pure. */
export function renderLatencyPlot(summary: LatencySummary, { width, id }: { width: number; id: string }): string {
  const bars = { canary: barsOf(summary, 'canary'), baseline: barsOf(summary, 'baseline') };
  const all = [...bars.canary, ...bars.baseline];
  const lowMs = Math.min(...all.map((bar) => bar.lowMs));
  const highMs = Math.max(...all.map((bar) => bar.highMs));
  const most = Math.max(...all.map(({ density }) => density)) || 1;
  const x = (ms: number): number =>
    left + (Math.log(ms / lowMs) / (Math.log(highMs / lowMs) || 1)) * (width - left - right);
  const y = (density: number): number => top + height - (density / most) * height;
  const bottom = top + height;
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${bottom + foot}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">Distribution of latency</title>`,
    `<desc id="${id}-desc">${escapeHtml(describe(summary))}</desc>`,
    ...ticksOf(lowMs, highMs).map((ms) => {
      const at = round(x(ms));
      return `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/><text x="${at}" y="${bottom + 18}" text-anchor="middle">${ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}</text>`;
    }),
    ...(['baseline', 'canary'] as const).flatMap((arm) => drawArm(arm, bars[arm], { x, y, bottom })),
    ...(['baseline', 'canary'] as const).flatMap((arm) => drawMedian(arm, summary[arm].p50Ms, { x, bottom })),
    ...legend(),
    '</svg>',
  ].join('\n');
}

type Scale = { x(ms: number): number; y(density: number): number; bottom: number };

function drawArm(arm: Arm, bars: readonly Bar[], { x, y, bottom }: Scale): string[] {
  const outline = bars.flatMap(({ lowMs, highMs, density }): Point[] => [
    [x(lowMs), y(density)],
    [x(highMs), y(density)],
  ]);
  const [first, last] = [outline[0], outline.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [polygon(`band ${arm}`, [[first[0], bottom], ...outline, [last[0], bottom]]), polyline(arm, outline)];
}

function drawMedian(arm: Arm, p50Ms: number | null, { x, bottom }: Pick<Scale, 'x' | 'bottom'>): string[] {
  if (p50Ms === null) return [];
  const at = round(x(p50Ms));
  return [`<path class="dot ${arm}" d="M${at - 5} ${bottom + 34}h10l-5 -8z"/>`];
}

function legend(): string[] {
  const entries: ReadonlyArray<readonly [string, string, number]> = [
    ['canary', 'candidate', left],
    ['baseline', 'baseline', left + 100],
  ];
  return [
    ...entries.map(
      ([name, label, at]) =>
        `<line class="curve ${name}" x1="${at}" x2="${at + 20}" y1="12" y2="12"/><text x="${at + 25}" y="16">${label}</text>`,
    ),
    `<text x="${left + 200}" y="16">▲ median</text>`,
  ];
}

/** Share of an arm's requests per unit of ln(ms); buckets without end are drawn as wide as their neighbour. */
function barsOf({ edgesMs, ...arms }: LatencySummary, arm: Arm): Bar[] {
  const { counts } = arms[arm];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [first = 1, second = first * 2] = edgesMs;
  const [last = first, before = last / 2] = [edgesMs.at(-1), edgesMs.at(-2)];
  return counts.flatMap((count, bucket) => {
    const lowMs = edgesMs[bucket - 1] ?? (first * first) / second;
    const highMs = edgesMs[bucket] ?? (last * last) / before;
    // Nothing above the last edge is the usual case and need not take up room.
    if (bucket === edgesMs.length && arms.canary.counts[bucket] === 0 && arms.baseline.counts[bucket] === 0) return [];
    return [{ lowMs, highMs, density: total === 0 ? 0 : count / total / Math.log(highMs / lowMs) }];
  });
}

/** Round latencies within the axis, not so many that their labels touch. */
function ticksOf(lowMs: number, highMs: number): number[] {
  const within = labelledMs.filter((ms) => ms >= lowMs && ms <= highMs);
  const every = Math.ceil(within.length / 7);
  return within.filter((_, index) => index % every === 0);
}

function describe(summary: LatencySummary): string {
  const say = (arm: Arm): string => {
    const { counts, p50Ms, p95Ms, p99Ms } = summary[arm];
    const total = counts.reduce((sum, count) => sum + count, 0);
    return total === 0
      ? 'no request'
      : `${formatCount(total)} requests, p50 ${renderQuantile(p50Ms)}, p95 ${renderQuantile(p95Ms)}, p99 ${renderQuantile(p99Ms)}`;
  };
  return `Candidate: ${say('canary')}. Baseline at the same time: ${say('baseline')}.`;
}

/** `42.5 ms`; null lies above all edges or was not measured. Pure. */
export function renderQuantile(ms: number | null): string {
  return ms === null ? 'unknown' : `${trim(ms, ms < 10 ? 1 : 0)} ms`;
}
