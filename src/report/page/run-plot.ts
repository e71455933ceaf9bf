import type { ArmCounts } from '../../model/verdict.ts';
import { escapeHtml } from '../escape-html.ts';
import { renderOdds } from '../evidence-chart.ts';
import { formatRatio, plural, trim } from '../format.ts';
import { ratioOf } from '../report-measures.ts';
import { type Point, polygon, polyline, ratioTicks, round } from '../svg-shapes.ts';
import { timeLabel } from '../time-ticks.ts';
import { brokenLine, type Panel, type Place, stackPanels } from './panel.ts';
import type { Evidence, RunCurves, Stretch } from './run-curves.ts';

export type RunPlotOptions = {
  /** Width of the drawing in its own units; what is drawn wider has finer marks. */
  width: number;
  /** Part of the ids, which a page may have once. */
  id: string;
  /** How much more often than the baseline the candidate may fail, 0–1. */
  errorMargin: number;
};

type Arm = 'canary' | 'baseline';

/** Weight, failures, evidence and latency of a run below each other on one time axis, with the moment of decision. Pure. */
export function renderRunPlot(curves: RunCurves, { width, id, errorMargin }: RunPlotOptions): string {
  const panels = [
    weightPanel(curves),
    ratePanel(curves, errorMargin),
    ...curves.evidence.map(evidencePanel),
    ...(curves.stretches.some(hasLatency) ? [latencyPanel(curves)] : []),
  ];
  const moments = curves.moments.map(({ atMs, label }) => ({
    atMs,
    label: `${label}, ${timeLabel(atMs - curves.startMs)}`,
  }));
  const { startMs, endMs } = curves;
  const { height, parts } = stackPanels(panels, { startMs, endMs, width, moments });
  return [
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">Users, failures, evidence and latency over time</title>`,
    `<desc id="${id}-desc">${escapeHtml(describe(curves))}</desc>`,
    ...parts,
    '</svg>',
  ].join('\n');
}

function weightPanel({ weights, endMs }: RunCurves): Panel {
  const most = Math.max(...weights.map(({ weightPercent }) => weightPercent));
  const top = [10, 20, 50, 100].find((one) => most <= one) ?? 100;
  return {
    title: 'Users on the candidate',
    legend: [],
    height: 70,
    bottom: 0,
    top,
    ticks: [0, top / 2, top].map((value) => ({ value, label: `${value} %` })),
    draw: ({ x, y, bottom }) => {
      const steps = weights.flatMap(({ atMs, weightPercent }, index): Point[] => [
        [x(atMs), y(weightPercent)],
        [x(weights[index + 1]?.atMs ?? endMs), y(weightPercent)],
      ]);
      const [first, last] = [steps[0], steps.at(-1)];
      const area: Point[] =
        first === undefined || last === undefined ? [] : [[first[0], bottom], ...steps, [last[0], bottom]];
      return [polygon('band canary', area), polyline('canary plain', steps)];
    },
  };
}

function ratePanel({ stretches }: RunCurves, margin: number): Panel {
  const ratios = stretches.flatMap(({ canary, baseline }) => [ratioOf(canary) ?? 0, (ratioOf(baseline) ?? 0) + margin]);
  const top = Math.min(1, Math.max(0.02, ...ratios) * 1.15);
  const line = (place: Place, arm: Arm, add = 0): Point[][] =>
    connected(stretches, (stretch) => {
      const ratio = ratioOf(stretch[arm]);
      return ratio === null || (add > 0 && stretch.canary.requests === 0) ? null : ratio + add;
    }).map((part) => part.map(({ atMs, value }) => [place.x(atMs), place.y(value)]));
  return {
    title: 'Failed requests',
    legend: [
      ['canary', 'candidate'],
      ['baseline', 'baseline'],
    ],
    height: 120,
    bottom: 0,
    top,
    ticks: ratioTicks(top).map((value) => ({ value, label: `${trim(value * 100, 2)} %` })),
    draw: (place) => [
      ...brokenLine('margin', line(place, 'baseline', margin)),
      ...brokenLine('baseline', line(place, 'baseline')),
      ...brokenLine('canary', line(place, 'canary')),
      ...line(place, 'canary').flat().map(dot),
      marginLabel(place, line(place, 'baseline', margin).at(-1)?.at(-1), margin),
    ],
  };
}

function dot([x, y]: Point): string {
  return `<circle class="dot canary" cx="${round(x)}" cy="${round(y)}" r="2.2"/>`;
}

function marginLabel(place: Place, end: Point | undefined, margin: number): string {
  if (end === undefined) return '';
  const isLate = end[0] > place.right - 130;
  return `<text class="margin-label" x="${isLate ? end[0] - 2 : end[0] + 4}" y="${round(end[1]) - 5}" text-anchor="${isLate ? 'end' : 'start'}">allowed: +${trim(margin * 100, 2)} points</text>`;
}

const lowestLn = -Math.log(1000);

function evidencePanel({ metric, points, lnHarmLimit, lnSafeLimit }: Evidence): Panel {
  const top = Math.max(lnHarmLimit, lnSafeLimit) * 1.25;
  const bottom = Math.max(
    lowestLn,
    Math.min(-Math.log(10), ...points.flatMap(({ lnHarm, lnSafe }) => [lnHarm, lnSafe])),
  );
  const limits = [
    { name: 'harm', ln: lnHarmLimit, label: `goes back at ${renderOdds(lnHarmLimit)}` },
    { name: 'safe', ln: lnSafeLimit, label: `safe at ${renderOdds(lnSafeLimit)}` },
  ];
  const far = (ln: number): boolean => limits.every((limit) => Math.abs(limit.ln - ln) > (top - bottom) / 11);
  const ticks = [-2, 0, 2, 4, 6].map((power) => power * Math.LN10).filter((ln) => ln >= bottom && ln <= top && far(ln));
  return {
    title: metric === 'errorRate' ? 'Evidence' : `Evidence: ${metric}`,
    legend: [
      ['harm', 'of harm'],
      ['safe', 'of safety'],
    ],
    height: 130,
    bottom,
    top,
    ticks: ticks.map((value) => ({ value, label: renderOdds(value) })),
    draw: ({ x, y, left, right }) => [
      ...limits.map(({ name, ln, label }) => {
        const at = round(y(ln));
        return `<line class="limit ${name}" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/><text class="limit-label ${name}" x="${name === 'harm' ? left + 4 : right - 4}" y="${at - 4}" text-anchor="${name === 'harm' ? 'start' : 'end'}">${escapeHtml(label)}</text>`;
      }),
      polyline(
        'safe',
        points.map(({ atMs, lnSafe }) => [x(atMs), y(lnSafe)]),
      ),
      polyline(
        'harm',
        points.map(({ atMs, lnHarm }) => [x(atMs), y(lnHarm)]),
      ),
    ],
  };
}

function hasLatency({ p99CanaryMs, p99BaselineMs }: Stretch): boolean {
  return p99CanaryMs !== null || p99BaselineMs !== null;
}

function latencyPanel({ stretches }: RunCurves): Panel {
  const known = stretches.flatMap(({ p99CanaryMs, p99BaselineMs }) => [p99CanaryMs ?? 0, p99BaselineMs ?? 0]);
  const top = Math.max(1, ...known) * 1.1;
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000].find((one) => top / one <= 4);
  const size = step ?? top / 4;
  const ticks = Array.from({ length: Math.floor(top / size) + 1 }, (_, index) => index * size);
  const line = (place: Place, name: 'p99CanaryMs' | 'p99BaselineMs'): Point[][] =>
    connected(stretches, (stretch) => stretch[name]).map((part) =>
      part.map(({ atMs, value }) => [place.x(atMs), place.y(value)]),
    );
  return {
    title: 'Latency p99',
    legend: [
      ['canary', 'candidate'],
      ['baseline', 'baseline'],
    ],
    height: 90,
    bottom: 0,
    top,
    ticks: ticks.map((value) => ({ value, label: `${trim(value, 0)} ms` })),
    draw: (place) => [
      ...brokenLine('baseline', line(place, 'p99BaselineMs')),
      ...brokenLine('canary', line(place, 'p99CanaryMs')),
    ],
  };
}

/** Values at the middle of their stretches, apart where a stretch is missing or says nothing, and where users came or left. */
function connected(
  stretches: readonly Stretch[],
  read: (stretch: Stretch) => number | null,
): Array<Array<{ atMs: number; value: number }>> {
  const parts: Array<Array<{ atMs: number; value: number }>> = [];
  let [endMs, hadUsers] = [Number.NaN, false];
  for (const stretch of stretches) {
    const value = read(stretch);
    if (value === null) continue;
    const point = { atMs: (stretch.fromMs + stretch.toMs) / 2, value };
    const part = parts.at(-1);
    if (part !== undefined && endMs === stretch.fromMs && hadUsers === stretch.weightPercent > 0) part.push(point);
    else parts.push([point]);
    [endMs, hadUsers] = [stretch.toMs, stretch.weightPercent > 0];
  }
  return parts;
}

function describe({ stretches, evidence, moments, startMs, weights }: RunCurves): string {
  const total = (arm: Arm): ArmCounts =>
    stretches
      .filter(({ canary }) => canary.requests > 0)
      .reduce(
        (sum, stretch) => ({
          requests: sum.requests + stretch[arm].requests,
          failures: sum.failures + stretch[arm].failures,
        }),
        { requests: 0, failures: 0 },
      );
  const say = (arm: Arm): string => {
    const counts = total(arm);
    const ratio = ratioOf(counts);
    return ratio === null ? 'no requests' : `${formatRatio(ratio)} of ${plural(counts.requests, 'request')} failed`;
  };
  return [
    `The candidate had at most ${trim(Math.max(...weights.map(({ weightPercent }) => weightPercent)), 2)} % of users.`,
    `Candidate: ${say('canary')}; baseline at the same time: ${say('baseline')}.`,
    ...(evidence.length === 0 ? ['No evidence was collected.'] : evidence.map(describeEvidence)),
    ...moments.map(({ label, atMs }) => `${label} after ${timeLabel(atMs - startMs)}.`),
    'The same figures are in the table below.',
  ].join(' ');
}

function describeEvidence({ metric, points, lnHarmLimit, lnSafeLimit }: Evidence): string {
  const last = points.at(-1) ?? { lnHarm: 0, lnSafe: 0 };
  return `Evidence on ${metric}: of harm it ended at ${renderOdds(last.lnHarm)} (limit ${renderOdds(lnHarmLimit)}), of safety at ${renderOdds(last.lnSafe)} (limit ${renderOdds(lnSafeLimit)}).`;
}
