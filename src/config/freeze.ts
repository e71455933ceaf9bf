import type { EnvironmentSpec } from '../model/config/environment.ts';
import { addDays, instantOf, zonedTime } from './zoned-time.ts';

type Freeze = EnvironmentSpec['freeze'];
type FreezeWindow = Freeze['windows'][number];

/** Frozen, with the reason as configured and the instant (Unix ms) at which it is over. */
export type FreezeState = { frozen: false } | { frozen: true; reason: string; untilMs: number };

/** Whether nothing may be shipped at an instant (Unix ms), and until when, windows that touch each other joined. Pure. */
export function freezeAt(instantMs: number, freeze: Freeze): FreezeState {
  const first = latestEnd(instantMs, freeze);
  if (first === null) return { frozen: false };
  let untilMs = first.endMs;
  // A year of weekly windows is the farthest that is looked at: a freeze of all seven days never ends.
  for (let joined = 0; joined < 366; joined++) {
    const next = latestEnd(untilMs, freeze);
    if (next === null) break;
    untilMs = next.endMs;
  }
  return { frozen: true, reason: first.reason, untilMs };
}

/** The window around an instant that ends last, or null when there is none. */
function latestEnd(instantMs: number, freeze: Freeze): { endMs: number; reason: string } | null {
  let latest: { endMs: number; reason: string } | null = null;
  for (const window of freeze.windows) {
    const endMs = endOfWindow(instantMs, window, freeze.timezone);
    if (endMs !== null && (latest === null || endMs > latest.endMs)) latest = { endMs, reason: window.reason };
  }
  return latest;
}

function endOfWindow(instantMs: number, window: FreezeWindow, timezone: string): number | null {
  if (!('days' in window))
    return endIfWithin(instantMs, fixedInstant(window.from, timezone), fixedInstant(window.to, timezone));
  const { date } = zonedTime(instantMs, timezone);
  // A window over midnight that began yesterday is still open today.
  for (const start of [addDays(date, -1), date]) {
    if (!window.days.some((name) => name === dayName(start))) continue;
    const endDate = window.to > window.from ? start : addDays(start, 1);
    const endMs = endIfWithin(
      instantMs,
      instantOf(`${start}T${window.from}`, timezone),
      instantOf(`${endDate}T${window.to}`, timezone),
    );
    if (endMs !== null) return endMs;
  }
  return null;
}

function endIfWithin(instantMs: number, startMs: number, endMs: number): number | null {
  return instantMs >= startMs && instantMs < endMs ? endMs : null;
}

/** `2026-12-24T00:00Z` and `…+01:00` name an instant themselves; without either it is the clock of the time zone. */
function fixedInstant(text: string, timezone: string): number {
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : instantOf(text, timezone);
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

function dayName(date: string): (typeof dayNames)[number] | undefined {
  return dayNames[new Date(`${date}T00:00:00Z`).getUTCDay()];
}
