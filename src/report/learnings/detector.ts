import type { ByHand } from '../../model/by-hand.ts';
import type { History } from '../../model/history.ts';
import type { RunRecord } from '../../model/run-record.ts';

/** Whether a pitfall is in a finished run. True only on evidence: what record and history cannot tell is false. */
export type Detector = (record: RunRecord, known: Known) => boolean;

/**
 * What the project knew when the run ended: its earlier runs, those whose cause and fix somebody has written down, and the deploys that
 * were seen to go around it.
 */
export type Known = { earlier: readonly History[]; explainedRuns: readonly string[]; byHand: readonly ByHand[] };

export const nothingKnown: Known = { earlier: [], explainedRuns: [], byHand: [] };
