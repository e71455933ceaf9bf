import { appendFileSync } from 'node:fs';

/** One line of docs/reliability.md: what was tried, how often, and how often it went wrong. */
export type Proof = {
  /** Which promise it belongs to; the table is sorted by them. */
  promise:
    | 'crash-points'
    | 'syscall-kills'
    | 'file-errors'
    | 'simulated-disk'
    | 'real-deaths'
    | 'pull-the-plug'
    | 'lock'
    | 'starters'
    | 'driver-faults'
    | 'metric-streams'
    | 'hostile-inputs'
    | 'hostile-repositories'
    | 'forgeries'
    | 'secrets'
    | 'journal-parser'
    | 'lost-requests';
  /** What was done and what must not happen, in one line. */
  what: string;
  tried: number;
  /** How often what must not happen did happen. */
  wrong: number;
  /** Null where nothing is drawn by chance. */
  seed: number | null;
  /** Further figures, such as seconds to restored: median and max. */
  figures?: Readonly<Record<string, string | number>>;
};

/** Counts of the full run, or of the quick one that every test run makes. */
export function proofCount(counts: { quick: number; full: number }): number {
  return process.env['SEATRIAL_FAULTS'] === 'full' ? counts.full : counts.quick;
}

/** Hands a proof to the report when one is being written (`npm run test:faults`). */
export function recordProof(proof: Proof): void {
  const file = process.env['SEATRIAL_FAULTS_REPORT'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(proof)}\n`);
}
