import type { EventCounts } from '../model/judged-window.ts';
import type { ArmCounts } from '../model/verdict.ts';
import type { ArmPair } from './null-projection.ts';

/** Sum of what was counted of one arm. Pure. */
export function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

/** The same for both arms. Pure. */
export function addPairs(a: ArmPair, b: ArmPair): ArmPair {
  return { baseline: addCounts(a.baseline, b.baseline), canary: addCounts(a.canary, b.canary) };
}

/** Sum of counted events and their opportunities. Pure. */
export function addEvents(a: EventCounts, b: EventCounts): EventCounts {
  return { events: a.events + b.events, opportunities: a.opportunities + b.opportunities };
}
