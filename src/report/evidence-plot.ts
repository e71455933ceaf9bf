import { binomialInterval } from '../analysis/binomial-interval.ts';
import type { EvidenceCurve, Replay } from '../analysis/replay.ts';
import { describedAlpha } from '../analysis/verdict-words.ts';
import type { ArmCounts } from '../model/verdict.ts';
import { escapeHtml } from './escape-html.ts';
import { renderOdds } from './evidence-chart.ts';
import { largestOf, lastOf, sampleCurve } from './sample-curve.ts';
import { type Point, polygon, polyline, ratioTicks, round } from './svg-shapes.ts';
import { spanTicks, timeLabel } from './time-ticks.ts';

/** Drawn in these units and scaled to the width of the page; narrow, so that it can be read on a phone. */
const frame = { width: 480, height: 250, left: 52, right: 14, top: 26, bottom: 34 } as const;
const slots = 160;
const lowestLn = -Math.log(1000);

type Axis = { of(value: number): number };

/**
 * Evidence of harm and safety over time on a log axis, with their limits and the moment of decision, as one SVG element
 * without any outside resource; colours come from the classes of the page. Pure.
 */
export function renderEvidencePlot(replay: Replay, curve: EvidenceCurve): string {
  const top = Math.max(curve.lnHarmLimit, curve.lnSafeLimit) * 1.3;
  const bottom = Math.max(lowestLn, Math.min(-Math.log(10), ...[...curve.lnHarm, ...curve.lnSafe].map(floorAt)));
  const x = timeAxis(replay);
  const y = valueAxis(bottom, top);
  const within = (ln: number): number => Math.min(top, Math.max(bottom, ln));
  const line = (values: readonly number[], choose: (values: readonly number[]) => number): Point[] =>
    sampleReplay(replay, values, choose).map(([atMs, ln]) => [x.of(atMs), y.of(within(ln))]);
  const ticks = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6]
    .map((power) => power * Math.LN10)
    .filter((ln) => ln >= bottom - 1e-9 && ln <= top && !isNear(ln, [curve.lnHarmLimit, curve.lnSafeLimit], y));
  return svg('evidence', describeEvidence(replay, curve), [
    ...ticks.map((ln) => gridLine(y.of(ln), renderOdds(ln))),
    ...timeTicks(replay, x),
    ...decisionLines(replay, x),
    limitLine(y.of(curve.lnHarmLimit), 'harm'),
    limitLine(y.of(curve.lnSafeLimit), 'safe'),
    polyline('safe', line(curve.lnSafe, lastOf)),
    polyline('harm', line(curve.lnHarm, largestOf)),
    limitLabel(y.of(curve.lnHarmLimit), { name: 'harm', label: `roll back at ${renderOdds(curve.lnHarmLimit)}` }),
    limitLabel(y.of(curve.lnSafeLimit), { name: 'safe', label: `safe at ${renderOdds(curve.lnSafeLimit)}` }),
    ...decisionLabels(replay, x, frame.height - frame.bottom - 6),
    legend([
      ['harm', 'evidence of harm'],
      ['safe', 'evidence of safety'],
    ]),
  ]);
}

/** Failure rates of both arms so far, with their intervals, as one SVG element. Pure. */
export function renderRatePlot(replay: Replay): string {
  const x = timeAxis(replay);
  const rates = { canary: rateBand(replay, replay.canary), baseline: rateBand(replay, replay.baseline) };
  const y = valueAxis(0, highestRate(rates.canary, rates.baseline));
  const top = highestRate(rates.canary, rates.baseline);
  const shapes = (['canary', 'baseline'] as const).flatMap((arm) => [
    band(
      arm,
      rates[arm].map(({ atMs, low, high }) => ({ x: x.of(atMs), low: y.of(low), high: y.of(Math.min(top, high)) })),
    ),
    polyline(
      arm,
      rates[arm].map(({ atMs, rate }) => [x.of(atMs), y.of(Math.min(top, rate))]),
    ),
  ]);
  return svg('rates', describeRates(replay), [
    ...ratioTicks(top).map((ratio) => gridLine(y.of(ratio), `${Number((ratio * 100).toPrecision(3))} %`)),
    ...timeTicks(replay, x),
    ...shapes,
    ...decisionLines(replay, x),
    ...decisionLabels(replay, x, frame.top + 12),
    legend([
      ['canary', 'canary'],
      ['baseline', 'baseline'],
    ]),
  ]);
}

function timeAxis({ startMs, endMs }: Replay): Axis {
  const span = Math.max(1, endMs - startMs);
  return { of: (atMs) => frame.left + ((atMs - startMs) / span) * (frame.width - frame.left - frame.right) };
}

function valueAxis(bottom: number, top: number): Axis {
  const height = frame.height - frame.top - frame.bottom;
  return { of: (value) => frame.height - frame.bottom - ((value - bottom) / (top - bottom)) * height };
}

function floorAt(ln: number): number {
  return Math.max(lowestLn, ln);
}

function isNear(ln: number, others: readonly number[], y: Axis): boolean {
  return others.some((other) => Math.abs(y.of(other) - y.of(ln)) < 12);
}

function sampleReplay(
  { timesMs, startMs, endMs }: Replay,
  values: readonly number[],
  choose: (values: readonly number[]) => number,
): Array<readonly [atMs: number, value: number]> {
  return sampleCurve({ timesMs, values, startMs, endMs }, slots, choose).flatMap((value, slot) =>
    value === null ? [] : [[startMs + ((endMs - startMs) * (slot + 1)) / slots, value] as const],
  );
}

type Rate = { atMs: number; rate: number; low: number; high: number };

function rateBand(replay: Replay, counts: readonly ArmCounts[]): Rate[] {
  const indices = counts.map((_, index) => index);
  return sampleReplay(replay, indices, lastOf).flatMap(([atMs, index]) => {
    const arm = counts[index];
    if (arm === undefined || arm.requests === 0) return [];
    const [low, high] = binomialInterval(arm, describedAlpha);
    return [{ atMs, rate: arm.failures / arm.requests, low, high }];
  });
}

/** The first intervals reach up to 100 %; what they settle at is what should be seen. */
function highestRate(canary: readonly Rate[], baseline: readonly Rate[]): number {
  const settled = [canary, baseline].flatMap((rates) => rates.slice(Math.floor(rates.length / 2)));
  return Math.min(1, Math.max(0.02, 1.15 * largestOf(settled.map(({ high }) => high))));
}

function timeTicks({ startMs, endMs }: Replay, x: Axis): string[] {
  return spanTicks(endMs - startMs, 5).map((sinceMs) => {
    const at = round(x.of(startMs + sinceMs));
    const y = frame.height - frame.bottom;
    return `<line class="tick" x1="${at}" x2="${at}" y1="${y}" y2="${y + 4}"/><text class="label" x="${at}" y="${y + 18}" text-anchor="middle">${timeLabel(sinceMs)}</text>`;
  });
}

function gridLine(y: number, label: string): string {
  const at = round(y);
  return `<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at}" y2="${at}"/><text class="label" x="${frame.left - 6}" y="${at + 4}" text-anchor="end">${label}</text>`;
}

function limitLine(y: number, name: 'harm' | 'safe'): string {
  const at = round(y);
  return `<line class="limit ${name}" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${at}" y2="${at}"/>`;
}

function limitLabel(y: number, { name, label }: { name: 'harm' | 'safe'; label: string }): string {
  return `<text class="limit-label ${name}" x="${frame.left + 4}" y="${round(y) - 4}">${label}</text>`;
}

function band(name: string, edges: ReadonlyArray<{ x: number; low: number; high: number }>): string {
  const upper = edges.map(({ x, high }): Point => [x, high]);
  const lower = [...edges].reverse().map(({ x, low }): Point => [x, low]);
  return edges.length < 2 ? '' : polygon(`band ${name}`, [...upper, ...lower]);
}

/** The decision, and that it had been called safe before where harm was proven later. */
function decisionsOf({ outcome, atMs, safeAtMs, startMs }: Replay): Array<{ atMs: number; label: string }> {
  const at = (ms: number | null, words: string): Array<{ atMs: number; label: string }> =>
    ms === null ? [] : [{ atMs: ms, label: `${words}, ${timeLabel(ms - startMs)}` }];
  return outcome === 'fail' ? [...at(safeAtMs, 'called safe'), ...at(atMs, 'roll back')] : at(safeAtMs, 'safe');
}

function decisionLines(replay: Replay, x: Axis): string[] {
  return decisionsOf(replay).map(({ atMs }) => {
    const at = round(x.of(atMs));
    return `<line class="decision" x1="${at}" x2="${at}" y1="${frame.top}" y2="${frame.height - frame.bottom}"/>`;
  });
}

function decisionLabels(replay: Replay, x: Axis, y: number): string[] {
  return decisionsOf(replay).map(({ atMs, label }) => {
    const at = round(x.of(atMs));
    const isLate = at > frame.width / 2;
    return `<text class="decision-label" x="${isLate ? at - 5 : at + 5}" y="${y}" text-anchor="${isLate ? 'end' : 'start'}">${label}</text>`;
  });
}

function legend(entries: ReadonlyArray<readonly [name: string, label: string]>): string {
  return entries
    .map(([name, label], index) => {
      const x = frame.left + index * 160;
      return `<line class="curve ${name}" x1="${x}" x2="${x + 18}" y1="12" y2="12"/><text class="label" x="${x + 24}" y="16">${label}</text>`;
    })
    .join('');
}

function svg(name: string, { title, description }: { title: string; description: string }, parts: string[]): string {
  return [
    `<svg class="plot" viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-labelledby="${name}-title ${name}-desc">`,
    `<title id="${name}-title">${escapeHtml(title)}</title>`,
    `<desc id="${name}-desc">${escapeHtml(description)}</desc>`,
    ...parts.filter((part) => part !== ''),
    '</svg>',
  ].join('\n');
}

function describeEvidence(replay: Replay, curve: EvidenceCurve): { title: string; description: string } {
  const [harm, safe] = [curve.lnHarm.at(-1) ?? 0, curve.lnSafe.at(-1) ?? 0];
  return {
    title: `Evidence on ${curve.metric} over time`,
    description: `On a logarithmic axis. Evidence of harm ends at ${renderOdds(harm)}, the limit for rolling back is ${renderOdds(curve.lnHarmLimit)}; evidence of safety ends at ${renderOdds(safe)}, the limit is ${renderOdds(curve.lnSafeLimit)}. ${decisionWords(replay)}`,
  };
}

function describeRates(replay: Replay): { title: string; description: string } {
  const shown = (counts: ArmCounts | undefined): string =>
    counts === undefined ? 'no requests' : `${counts.failures} of ${counts.requests} requests failed`;
  return {
    title: 'Failure rates over time',
    description: `Failure rate so far, with its interval. Canary: ${shown(replay.canary.at(-1))}; baseline: ${shown(replay.baseline.at(-1))}. ${decisionWords(replay)}`,
  };
}

function decisionWords({ outcome, atMs, startMs }: Replay): string {
  if (atMs === null) return 'Nothing was decided.';
  return `Decided after ${timeLabel(atMs - startMs)}: ${outcome === 'fail' ? 'roll back' : 'safe'}.`;
}
