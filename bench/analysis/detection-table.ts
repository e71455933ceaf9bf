import { type BenchTable, mean, quantile, short } from './bench-table.ts';
import type { DetectionCell } from './detection-cells.ts';
import type { JudgedOutcome } from './drive-judge.ts';

/** Fewer say nothing about a mean. */
const fewestRuns = 25;

/** How long faults are served before the verdict, next to the least that any test needs. */
export function detectionTable(
  cells: readonly DetectionCell[],
  outcomes: ReadonlyArray<readonly JudgedOutcome[]>,
): BenchTable {
  const missed: string[] = [];
  const rows = cells.map((cell, index) => {
    const runs = outcomes[index] ?? [];
    const found = runs.filter((run) => run.failedMs !== null && run.failedMs > cell.scenario.onsetMs);
    const seconds = found.map((run) => ((run.failedMs ?? 0) - cell.scenario.onsetMs) / 1000);
    const ratios = found.map((run) => run.requests / cell.boundRequests);
    const efficiency = mean(ratios);
    const least = efficiency - 3 * standardError(ratios);
    if (cell.target !== null && ratios.length >= fewestRuns && least > cell.target)
      missed.push(`${cell.group}, ${cell.name}`);
    return [
      cell.group,
      cell.name,
      `${found.length}/${runs.length}`,
      short(mean(seconds)),
      short(quantile(seconds, 0.95)),
      short(mean(found.map((run) => run.canaryRequests))),
      short(mean(found.map((run) => run.canaryFailures))),
      short(cell.boundRequests / cell.scenario.requestsPerSecond),
      Number.isFinite(efficiency) ? efficiency.toFixed(2) : '–',
      cell.target === null ? '–' : String(cell.target),
    ];
  });
  return {
    title: 'Detection (simulated): how long a fault is served before the verdict',
    columns: [
      'metrics',
      'fault',
      'found',
      'mean s',
      'p95 s',
      'canary req.',
      'failed served',
      'bound s',
      'efficiency',
      'target',
    ],
    rows,
    notes: [
      '100 requests/s, baseline fails 0.1 %, margin 2 points, p99 limit ×1.2 (lognormal, σ 0.6), throughput limit ×0.7, α 1 % for the run; windows of 125 ms, of 1 s for latencies and late onset',
      'failed served: failed canary requests that arrived from the onset until the verdict',
      'bound: fewest requests that any test of this α needs on average (information bound), as time; efficiency: mean requests over that',
      'a verdict can come only at the end of a window: what is found within a second or two is over the bound for that reason',
      'four metrics: error rate ½ of α; p99, throughput and orders share the rest',
      ...missed.map((name) => `MISSED: ${name} needs more than its target, beyond the error of the simulation`),
    ],
    failed: missed.length > 0,
  };
}

function standardError(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)) / values.length);
}
