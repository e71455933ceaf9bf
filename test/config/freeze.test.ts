import { describe, expect, test } from 'vitest';
import { isFridayOrBeforeHoliday } from '../../src/config/calendar.ts';
import { freezeAt } from '../../src/config/freeze.ts';
import { instantOf, zonedTime } from '../../src/config/zoned-time.ts';

const at = (text: string): number => Date.parse(text);
const state = (result: ReturnType<typeof freezeAt>): string | null =>
  result.frozen ? `${result.reason} until ${new Date(result.untilMs).toISOString()}` : null;

describe('wall time', () => {
  test('of a place', () => {
    expect(zonedTime(at('2026-01-01T23:30:00Z'), 'Europe/Vienna')).toEqual({ date: '2026-01-02', day: 5, minutes: 30 });
    expect(zonedTime(at('2026-07-01T00:30:00Z'), 'America/New_York')).toEqual({
      date: '2026-06-30',
      day: 2,
      minutes: 20 * 60 + 30,
    });
    expect(zonedTime(at('2026-07-01T00:00:00Z'), 'Asia/Kathmandu').minutes).toBe(5 * 60 + 45);
  });

  test('back to the instant, also around the change of clocks', () => {
    expect(instantOf('2026-07-01T12:00', 'Europe/Vienna')).toBe(at('2026-07-01T10:00:00Z'));
    expect(instantOf('2026-12-01T12:00', 'Europe/Vienna')).toBe(at('2026-12-01T11:00:00Z'));
    // 02:30 does not exist on 2026-03-29, and exists twice on 2026-10-25.
    expect(instantOf('2026-03-29T02:30', 'Europe/Vienna')).toBe(at('2026-03-29T01:30:00Z'));
    expect(instantOf('2026-10-25T02:30', 'Europe/Vienna')).toBe(at('2026-10-25T00:30:00Z'));
    for (let hour = 0; hour < 24 * 366; hour += 7) {
      const instant = at('2026-01-01T00:00:00Z') + hour * 3_600_000;
      const { date, minutes } = zonedTime(instant, 'America/St_Johns');
      const local = `${date}T${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
      expect(Math.abs(instantOf(local, 'America/St_Johns') - instant)).toBeLessThanOrEqual(
        local.startsWith('2026-11-01T01') ? 3_600_000 : 0,
      );
    }
  });
});

describe('fixed windows', () => {
  const freeze = (from: string, to: string, timezone = 'Europe/Vienna') => ({
    timezone,
    windows: [{ from, to, reason: 'Christmas' }],
  });

  test('on the clock of the time zone', () => {
    const christmas = freeze('2026-12-24T00:00', '2026-12-27T00:00');
    expect(state(freezeAt(at('2026-12-23T22:59:59.999Z'), christmas))).toBeNull();
    expect(state(freezeAt(at('2026-12-23T23:00:00Z'), christmas))).toBe('Christmas until 2026-12-26T23:00:00.000Z');
    expect(state(freezeAt(at('2026-12-26T22:59:59Z'), christmas))).toBe('Christmas until 2026-12-26T23:00:00.000Z');
    expect(state(freezeAt(at('2026-12-26T23:00:00Z'), christmas))).toBeNull();
  });

  test('with an offset of their own', () => {
    const utc = freeze('2026-12-24T00:00:00Z', '2026-12-25T00:00:00+02:00');
    expect(state(freezeAt(at('2026-12-23T23:30:00Z'), utc))).toBeNull();
    expect(state(freezeAt(at('2026-12-24T12:00:00Z'), utc))).toBe('Christmas until 2026-12-24T22:00:00.000Z');
  });
});

describe('weekly windows', () => {
  const weekend = {
    timezone: 'Europe/Vienna',
    windows: [{ days: ['fri' as const], from: '17:00', to: '08:00', reason: 'Friday night' }],
  };

  test('over midnight', () => {
    // 2026-11-20 is a Friday; Vienna is one hour ahead of UTC.
    expect(state(freezeAt(at('2026-11-20T15:59:00Z'), weekend))).toBeNull();
    expect(state(freezeAt(at('2026-11-20T16:00:00Z'), weekend))).toBe('Friday night until 2026-11-21T07:00:00.000Z');
    expect(state(freezeAt(at('2026-11-21T06:59:00Z'), weekend))).toBe('Friday night until 2026-11-21T07:00:00.000Z');
    expect(state(freezeAt(at('2026-11-21T07:00:00Z'), weekend))).toBeNull();
    expect(state(freezeAt(at('2026-11-20T06:00:00Z'), weekend))).toBeNull();
  });

  test('within a day', () => {
    const lunch = {
      timezone: 'UTC',
      windows: [{ days: ['mon' as const, 'tue' as const], from: '12:00', to: '13:00', reason: 'lunch' }],
    };
    expect(state(freezeAt(at('2026-11-23T12:30:00Z'), lunch))).toBe('lunch until 2026-11-23T13:00:00.000Z');
    expect(state(freezeAt(at('2026-11-25T12:30:00Z'), lunch))).toBeNull();
  });

  test('windows that touch are one freeze, and one without end is told so far as a year', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
    const two = {
      timezone: 'UTC',
      windows: [...weekend.windows, { days: ['sat' as const], from: '08:00', to: '08:00', reason: 'Saturday' }],
    };
    expect(state(freezeAt(at('2026-11-20T20:00:00Z'), two))).toBe('Friday night until 2026-11-22T08:00:00.000Z');
    const always = freezeAt(at('2026-11-20T20:00:00Z'), {
      timezone: 'UTC',
      windows: [{ days: [...days], from: '00:00', to: '00:00', reason: 'closed' }],
    });
    expect(always.frozen && always.untilMs > at('2027-11-20T00:00:00Z')).toBe(true);
  });

  test('no windows, no freeze', () => {
    expect(freezeAt(0, { timezone: 'UTC', windows: [] })).toEqual({ frozen: false });
  });
});

describe('Fridays and days before holidays', () => {
  const ask = (instant: string, timezone: string, holidays: string[] = []) =>
    isFridayOrBeforeHoliday({ instantMs: at(instant), timezone, holidays });

  test('by the calendar of the place', () => {
    expect(ask('2026-11-20T12:00:00Z', 'UTC')).toEqual({ risky: true, reason: '2026-11-20 is a Friday in UTC' });
    expect(ask('2026-11-19T23:30:00Z', 'Europe/Vienna').risky).toBe(true);
    expect(ask('2026-11-20T23:30:00Z', 'Europe/Vienna').risky).toBe(false);
    expect(ask('2026-11-21T03:00:00Z', 'America/New_York').risky).toBe(true);
  });

  test('holidays', () => {
    const holidays = ['2026-12-25', '2027-01-01'];
    expect(ask('2026-12-24T12:00:00Z', 'UTC', holidays)).toEqual({ risky: true, reason: '2026-12-25 is a holiday' });
    expect(ask('2026-12-31T12:00:00Z', 'UTC', holidays)).toEqual({ risky: true, reason: '2027-01-01 is a holiday' });
    expect(ask('2027-01-01T12:00:00Z', 'UTC', holidays)).toEqual({ risky: true, reason: '2027-01-01 is a holiday' });
    expect(ask('2026-12-23T12:00:00Z', 'UTC', holidays)).toEqual({ risky: false });
  });
});
