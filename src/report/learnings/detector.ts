import type { History } from '../../model/history.ts';
import type { RunRecord } from '../../model/run-record.ts';

/** Whether a pitfall is in a finished run. True only on evidence: what record and history cannot tell is false. */
export type Detector = (record: RunRecord, known: Known) => boolean;

/** What the project knew when the run ended: its earlier runs, and those whose cause and fix somebody has written down. */
export type Known = { earlier: readonly History[]; explainedRuns: readonly string[] };

export const nothingKnown: Known = { earlier: [], explainedRuns: [] };
