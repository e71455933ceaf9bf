import type { RunRecord } from '../model/run-record.ts';

/** Shows runs while they go on. */
export type RunViewer = {
  show(record: RunRecord): void;
  /** A line of text that stays, above the picture. */
  note(text: string): void;
  /** A line that the next one replaces; only a terminal has such. */
  glimpse(text: string): void;
  /** Leaves the last picture standing and gives the terminal back. */
  close(): void;
};
