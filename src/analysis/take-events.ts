import type { EventWindow } from '../model/judged-window.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { advanceCountsHarm, advanceCountsSafety } from './counts-evidence.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { CountsState, JudgeSnapshot } from './judge-state.ts';
import { knownDispersion } from './known-dispersion.ts';
import { isInBake } from './take-batch.ts';

/** The judge's state after one more window of counted events. Pure. Windows that were taken in already change nothing. */
export function takeEvents(state: JudgeSnapshot, settings: JudgeSettings, window: EventWindow): JudgeSnapshot {
  const comparison = settings.comparisons.find(({ metric }) => metric === window.metric);
  const known = state.comparisons[window.metric];
  if (comparison?.kind !== 'events' || known?.kind !== 'counts') return state;
  if (window.fromMs < (known.takenUntilMs ?? Number.NEGATIVE_INFINITY)) return state;
  const { least } = comparison;
  const { canary, baseline, fromMs: atMs } = window;
  const weightChanged = known.restartFromMs !== null && window.fromMs >= known.restartFromMs;
  const inBake = isInBake(state, window);
  const lnLimit = lnSafeLimitOf(state, settings);
  const overdispersion = knownDispersion(state, settings);
  const taken: CountsState = {
    ...known,
    takenUntilMs: window.toMs,
    restartFromMs: weightChanged ? null : known.restartFromMs,
    harm: advanceCountsHarm(known.harm, { canary, baseline, atMs, weightChanged }, { least, overdispersion }),
    safe: inBake
      ? advanceCountsSafety(known.safe, { canary, baseline }, { least, lnLimit, overdispersion })
      : known.safe,
    canary: inBake ? addEvents(known.canary, canary) : known.canary,
    baseline: inBake ? addEvents(known.baseline, baseline) : known.baseline,
  };
  return { ...state, comparisons: { ...state.comparisons, [window.metric]: taken } };
}

function addEvents(a: CountsState['canary'], b: CountsState['canary']): CountsState['canary'] {
  return { events: a.events + b.events, opportunities: a.opportunities + b.opportunities };
}
