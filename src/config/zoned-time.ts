/** Wall time in a place. `day` is 0 for Sunday, as in `Date`. */
export type ZonedTime = { date: string; day: number; minutes: number };

const formats = new Map<string, Intl.DateTimeFormat>();

/** What calendar and clock show at an instant (Unix ms) in an IANA time zone. Throws RangeError for an unknown zone. Pure. */
export function zonedTime(instantMs: number, timezone: string): ZonedTime {
  const offset = offsetMs(instantMs, timezone);
  const shown = new Date(instantMs + offset);
  return {
    date: shown.toISOString().slice(0, 10),
    day: shown.getUTCDay(),
    minutes: shown.getUTCHours() * 60 + shown.getUTCMinutes(),
  };
}

/**
 * The instant (Unix ms) at which clocks in `timezone` show `local` (`2026-12-24T00:00`). A time that the spring change
 * leaves out becomes the one as much later; of two, in autumn, the first. Pure.
 */
export function instantOf(local: string, timezone: string): number {
  const asUtc = Date.parse(`${local}Z`);
  const guesses = [asUtc - offsetMs(asUtc - 86_400_000, timezone), asUtc - offsetMs(asUtc + 86_400_000, timezone)];
  const exact = guesses.filter((guess) => guess + offsetMs(guess, timezone) === asUtc);
  return exact.length > 0 ? Math.min(...exact) : Math.max(...guesses);
}

/** The day after (or `days` after) a date `YYYY-MM-DD`. Pure. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function offsetMs(instantMs: number, timezone: string): number {
  const parts = formatOf(timezone).formatToParts(instantMs);
  const read = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second'));
  return shown - Math.floor(instantMs / 1000) * 1000;
}

function formatOf(timezone: string): Intl.DateTimeFormat {
  const known = formats.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timezone, format);
  return format;
}
