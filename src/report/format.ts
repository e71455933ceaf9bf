import { printable } from '../model/printable.ts';
import { renderMs } from '../model/step.ts';

/** ` (#12, #15)`; empty when nothing is cited. Pure. */
export function cite(events: readonly number[]): string {
  const unique = [...new Set(events)].sort((a, b) => a - b);
  if (unique.length === 0) return '';
  const shown = unique.length > 4 ? [...unique.slice(0, 3), ...unique.slice(-1)] : unique;
  const ids = shown.map((seq) => `#${seq}`);
  if (unique.length > 4) ids.splice(3, 0, '…');
  return ` (${ids.join(', ')})`;
}

/** 0.0812 → `8.12 %`; what is smaller than can be printed is `<0.01 %`, never 0. */
export function formatRatio(ratio: number): string {
  const percent = ratio * 100;
  if (percent !== 0 && Math.abs(percent) < 0.01) return '<0.01 %';
  return `${trim(percent, 2)} %`;
}

/** `2026-11-06T10:00:00Z`. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The same to the millisecond, for logs. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** With a capital letter and a full stop: fragments of the record as sentences. */
export function asSentence(text: string): string {
  const first = text.slice(0, 1);
  return `${/^[a-z]/.test(text) ? first.toUpperCase() : first}${text.slice(1)}${/[.!?”]$/.test(text) ? '' : '.'}`;
}

export function formatDuration(ms: number | null): string {
  return ms === null ? 'not measured' : renderMs(ms);
}

export function formatCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** At most `digits` decimals, without trailing zeros. */
export function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** `1 request`, `2 requests`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The middle value, or the mean of the two in the middle; null of nothing. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half];
  if (upper === undefined) return null;
  const lower = sorted[half - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** Any text of the record on one line, unable to move a cursor, hide words or start HTML. Pure. */
export function plainLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim().replaceAll('<', '‹');
}

/** Text that people or targets wrote, on one line, without Markdown that could act, at most `limit` characters. Pure. */
export function quoteUntrusted(text: string, limit = 200): string {
  const line = plainLine(text).replaceAll('`', "'").replaceAll('>', '›');
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
