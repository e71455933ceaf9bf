import { escapeHtml } from '../escape-html.ts';
import { type Point, polyline, round } from '../svg-shapes.ts';
import { spanTicks, timeLabel } from '../time-ticks.ts';

/** One plot of several that lie below each other and share their time axis; lengths in units of the SVG. */
export type Panel = {
  title: string;
  /** Name of a curve's class, and its words. */
  legend: ReadonlyArray<readonly [name: string, label: string]>;
  height: number;
  bottom: number;
  top: number;
  ticks: ReadonlyArray<{ value: number; label: string }>;
  /** What is drawn, given where a value lies. */
  draw(place: Place): string[];
};
export type Place = {
  x(atMs: number): number;
  y(value: number): number;
  left: number;
  right: number;
  top: number;
  bottom: number;
};
export type TimeSpan = { startMs: number; endMs: number };
export type Frame = TimeSpan & {
  width: number;
  moments: ReadonlyArray<{ atMs: number; label: string }>;
};

const left = 58;
const right = 14;
const head = 34;
const gap = 12;
const foot = 26;

/** Panels below each other with one time axis and lines for the moments that matter, as the inside of an SVG. Pure. */
export function stackPanels(panels: readonly Panel[], frame: Frame): { height: number; parts: string[] } {
  let y = 0;
  const parts: string[] = [];
  const plots = panels.map((panel) => {
    const top = y + head;
    const bottom = top + panel.height;
    y = bottom + gap;
    return { panel, place: placeOf(panel, { top, bottom, frame }) };
  });
  const bottom = y - gap;
  for (const { panel, place } of plots) parts.push(...drawPanel(panel, place));
  parts.push(
    ...drawMoments(frame, plots[0]?.place ?? null, bottom),
    ...drawTimes(frame, plots[0]?.place ?? null, bottom),
  );
  return { height: bottom + foot, parts };
}

function placeOf(panel: Panel, { top, bottom, frame }: { top: number; bottom: number; frame: Frame }): Place {
  const { startMs, endMs, width } = frame;
  const span = Math.max(1, endMs - startMs);
  const range = panel.top - panel.bottom || 1;
  return {
    x: (atMs) => left + ((Math.min(endMs, Math.max(startMs, atMs)) - startMs) / span) * (width - left - right),
    y: (value) =>
      bottom - ((Math.min(panel.top, Math.max(panel.bottom, value)) - panel.bottom) / range) * (bottom - top),
    left,
    right: width - right,
    top,
    bottom,
  };
}

function drawPanel(panel: Panel, place: Place): string[] {
  const grid = panel.ticks.map(({ value, label }) => {
    const y = round(place.y(value));
    return `<line class="grid" x1="${place.left}" x2="${place.right}" y1="${y}" y2="${y}"/><text x="${place.left - 8}" y="${y + 4}" text-anchor="end">${escapeHtml(label)}</text>`;
  });
  return [
    `<text class="panel-title" x="0" y="${place.top - 16}">${escapeHtml(panel.title)}</text>`,
    ...drawLegend(panel, place),
    ...grid,
    ...panel.draw(place),
  ];
}

/** At the right end of the title's line, read from left to right. */
function drawLegend({ legend }: Panel, place: Place): string[] {
  const widths = legend.map(([, label]) => 34 + label.length * 6.6);
  let x = place.right - widths.reduce((sum, one) => sum + one, 0);
  return legend.map(([name, label], index) => {
    const at = round(x);
    x += widths[index] ?? 0;
    return `${polyline(name, [
      [at, place.top - 20],
      [at + 20, place.top - 20],
    ])}<text x="${at + 25}" y="${place.top - 16}">${escapeHtml(label)}</text>`;
  });
}

function drawMoments({ moments }: Frame, first: Place | null, bottom: number): string[] {
  if (first === null) return [];
  return moments.map(({ atMs, label }) => {
    const x = round(first.x(atMs));
    const isLate = x > (first.left + first.right) / 2;
    return `<line class="decision" x1="${x}" x2="${x}" y1="${first.top}" y2="${bottom}"/><text class="decision-label" x="${isLate ? x - 6 : x + 6}" y="${first.top - 3}" text-anchor="${isLate ? 'end' : 'start'}">${escapeHtml(label)}</text>`;
  });
}

function drawTimes({ startMs, endMs, width }: Frame, first: Place | null, bottom: number): string[] {
  if (first === null) return [];
  return spanTicks(endMs - startMs, width > 600 ? 8 : 4).map((sinceMs) => {
    const x = round(first.x(startMs + sinceMs));
    return `<line class="tick" x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 4}"/><text x="${x}" y="${bottom + 18}" text-anchor="${sinceMs === 0 ? 'start' : 'middle'}">${timeLabel(sinceMs)}</text>`;
  });
}

/** A line broken where nothing is known. Pure. */
export function brokenLine(name: string, parts: ReadonlyArray<readonly Point[]>): string[] {
  return parts.map((points) => polyline(name, points)).filter((line) => line !== '');
}
