import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, skipped } from './finding.ts';

/** Blocks unless allowed: what breaks after hours before free days breaks for long. */
export const fridayCheck: Check<PreflightContext> = {
  id: 'friday',
  title: 'Not a Friday or the day before a holiday',
  category: 'approvals',
  blocking: true,
  run: async ({ calendar, environment }) => {
    if (!calendar.fridayOrBeforeHoliday) return passed(calendar.label, { holidays: environment.gates.holidays.length });
    if (environment.gates.allowFriday) return skipped(`gates.allowFriday accepts it: ${calendar.label}`);
    return failed(calendar.label, 'Ship on the next working day, or have a person set gates.allowFriday: true.');
  },
};
