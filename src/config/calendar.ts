import { addDays, zonedTime } from './zoned-time.ts';

export type CalendarRequest = {
  /** Unix ms. */
  instantMs: number;
  /** IANA name. */
  timezone: string;
  /** Dates `YYYY-MM-DD`. */
  holidays: readonly string[];
};

/** Why a start is unwise then: help is far on the next day. */
export type CalendarRisk = { risky: false } | { risky: true; reason: string };

/** A Friday, the day before a holiday, or a holiday itself, by the calendar of `timezone`. Pure. */
export function isFridayOrBeforeHoliday({ instantMs, timezone, holidays }: CalendarRequest): CalendarRisk {
  const { date, day } = zonedTime(instantMs, timezone);
  if (holidays.includes(date)) return { risky: true, reason: `${date} is a holiday` };
  const next = addDays(date, 1);
  if (holidays.includes(next)) return { risky: true, reason: `${next} is a holiday` };
  return day === 5 ? { risky: true, reason: `${date} is a Friday in ${timezone}` } : { risky: false };
}
