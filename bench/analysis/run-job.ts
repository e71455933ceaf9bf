import { z } from 'zod';
import { detectionCells } from './detection-cells.ts';
import { driveJudge, judgedOutcomeSchema } from './drive-judge.ts';
import { drivePeers, peerOutcomeSchema } from './drive-peers.ts';
import { falseRollbackCells } from './false-rollback-cells.ts';
import { peerCells } from './peer-cells.ts';

/** Runs of one cell, seeds `fromSeed` and the `runs` − 1 after it. */
export type Job = { kind: 'falseRollback' | 'detection' | 'peers'; cell: number; fromSeed: number; runs: number };

export const jobAnswerSchema = z.strictObject({
  judged: z.array(judgedOutcomeSchema),
  peers: z.array(peerOutcomeSchema),
});
export type JobAnswer = z.infer<typeof jobAnswerSchema>;

/** Carries out one job, in whichever process. */
export function runJob(job: Job): JobAnswer {
  const seeds = Array.from({ length: job.runs }, (_, index) => job.fromSeed + index);
  if (job.kind === 'peers') {
    const cell = cellAt(peerCells(), job.cell);
    return { judged: [], peers: seeds.map((seed) => drivePeers({ ...cell, seed })) };
  }
  const cell = cellAt(job.kind === 'detection' ? detectionCells() : falseRollbackCells(), job.cell);
  return { judged: seeds.map((seed) => driveJudge({ ...cell, seed })), peers: [] };
}

function cellAt<Cell>(cells: readonly Cell[], index: number): Cell {
  const cell = cells[index];
  if (cell === undefined) throw new Error(`there is no cell ${index}`);
  return cell;
}
