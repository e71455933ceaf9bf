import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Sightings in the window from which a pitfall is more than chance. */
const recurs = 3;

/** Warns: a pitfall that people made a gate stops through that gate's own check, which can pass again; this is the reminder. */
export const learnedPitfallsCheck: Check<PreflightContext> = {
  id: 'learned-pitfalls',
  title: 'No pitfall of earlier runs keeps coming back',
  category: 'quality',
  blocking: false,
  run: async ({ pitfalls, setAside }) => {
    const recurring = pitfalls.filter(({ seen }) => seen >= recurs);
    const unread = setAside.length === 0 ? {} : { notCounted: setAside.map(({ path }) => path).join(', ') };
    if (recurring.length === 0)
      return passed(`none was seen ${recurs} times lately`, { due: pitfalls.length, ...unread });
    const list = recurring.map(
      ({ title, seen, runs, blocking }) => `${title} (${seen}/${runs}${blocking ? ', a gate now' : ''})`,
    );
    return failed(list.join('; '), 'See .seatrial/learnings.md for how to prevent each.', {
      due: recurring.length,
      ids: recurring.map(({ id }) => id).join(', '),
      ...unread,
    });
  },
};
