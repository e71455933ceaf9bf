import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Warns: a pitfall that people made a gate stops through that gate's own check, which can pass again; this is the reminder. */
export const learnedPitfallsCheck: Check<PreflightContext> = {
  id: 'learned-pitfalls',
  title: 'No pitfall of earlier runs is due',
  category: 'quality',
  blocking: false,
  run: async ({ pitfalls }) => {
    if (pitfalls.length === 0) return passed('none was seen lately', { due: 0 });
    const list = pitfalls.map(
      ({ title, seen, runs, blocking }) => `${title} (${seen}/${runs}${blocking ? ', a gate now' : ''})`,
    );
    return failed(list.join('; '), 'See .seatrial/learnings.md for how to prevent each.', {
      due: pitfalls.length,
      ids: pitfalls.map(({ id }) => id).join(', '),
    });
  },
};
