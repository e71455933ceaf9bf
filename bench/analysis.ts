import type { BenchTable } from './analysis/bench-table.ts';
import { costTable } from './analysis/cost-table.ts';
import { detectionCells } from './analysis/detection-cells.ts';
import { detectionTable } from './analysis/detection-table.ts';
import type { JudgedOutcome } from './analysis/drive-judge.ts';
import { falseRollbackCells } from './analysis/false-rollback-cells.ts';
import { falseRollbackTable } from './analysis/false-rollback-table.ts';
import { peerCells } from './analysis/peer-cells.ts';
import { peersTable } from './analysis/peers-table.ts';
import { type Job, type JobAnswer, jobAnswerSchema } from './analysis/run-job.ts';
import { runJobs } from './analysis/work-pool.ts';

/** Runs of a cell, how many a worker does at a time, and which cells of the false rollbacks there are: all or every fourth. */
const sizes = {
  full: { falseRollback: 4000, detection: 1000, peers: 250, piece: 250, everyCell: 1 },
  quick: { falseRollback: 80, detection: 40, peers: 4, piece: 40, everyCell: 4 },
} as const;

/**
 * The judge as it works, simulated with seeds in virtual time: how often it rolls back what is sound, how soon it finds what
 * is not, what other rules do with the same traces, and what judging costs. `quick`: fewer runs, under a minute; the whole
 * takes minutes and uses all processors. Progress goes to stderr.
 */
export async function benchAnalysis({ quick }: { quick: boolean }): Promise<BenchTable[]> {
  const size = quick ? sizes.quick : sizes.full;
  const costs = costTable();
  const cells = { falseRollback: falseRollbackCells(), detection: detectionCells(), peers: peerCells() };
  const chosen = cells.falseRollback.flatMap((_, cell) => (cell % size.everyCell === 0 ? [cell] : []));
  const jobs = [
    ...cells.detection.flatMap(({ runsShare }, cell) =>
      piecesOf({ kind: 'detection', cell, runs: Math.ceil(size.detection * runsShare) }, size.piece),
    ),
    ...cells.peers.flatMap((_, cell) => piecesOf({ kind: 'peers', cell, runs: size.peers }, size.piece / 5)),
    ...chosen.flatMap((cell) => piecesOf({ kind: 'falseRollback', cell, runs: size.falseRollback }, size.piece)),
  ];
  const answers = await runJobs<Job, JobAnswer>(jobs, {
    entry: 'bench/analysis/run-job.ts',
    exported: 'runJob',
    parse: (answer) => jobAnswerSchema.parse(answer),
    onAnswer: (done) => progress(done, jobs.length),
  });
  const answersOf = (kind: Job['kind'], cell: number): JobAnswer[] =>
    answers.filter((_, at) => jobs[at]?.kind === kind && jobs[at].cell === cell);
  const judged = (kind: Job['kind'], cell: number): JudgedOutcome[] =>
    answersOf(kind, cell).flatMap((answer) => answer.judged);
  return [
    falseRollbackTable(
      chosen.flatMap((cell) => cells.falseRollback[cell] ?? []),
      chosen.map((cell) => judged('falseRollback', cell)),
    ),
    detectionTable(
      cells.detection,
      cells.detection.map((_, cell) => judged('detection', cell)),
    ),
    peersTable(
      cells.peers,
      cells.peers.map((_, cell) => answersOf('peers', cell).flatMap((answer) => answer.peers)),
    ),
    costs,
  ];
}

/** Seeds of their own for every cell, so that no two cells err together. */
function piecesOf({ kind, cell, runs }: { kind: Job['kind']; cell: number; runs: number }, piece: number): Job[] {
  return Array.from({ length: Math.ceil(runs / piece) }, (_, index) => ({
    kind,
    cell,
    fromSeed: cell * 1_000_000 + index * piece,
    runs: Math.min(piece, runs - index * piece),
  }));
}

function progress(done: number, of: number): void {
  if (done % Math.max(1, Math.round(of / 50)) === 0 || done === of)
    process.stderr.write(`analysis: ${done} of ${of} pieces\n`);
}
