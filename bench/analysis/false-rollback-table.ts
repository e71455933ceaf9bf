import { type BenchTable, mean, percent } from './bench-table.ts';
import type { JudgedOutcome } from './drive-judge.ts';
import { exactInterval, exactLower } from './exact-interval.ts';
import type { JudgedCell } from './judged-cell.ts';

/** Chance that a judge who keeps to α is called guilty somewhere in the table. */
const familyMiss = 0.05;

/** How often runs without harm were rolled back, and whether any cell shows more than α. */
export function falseRollbackTable(
  cells: readonly JudgedCell[],
  outcomes: ReadonlyArray<readonly JudgedOutcome[]>,
): BenchTable {
  const guilty: string[] = [];
  const calledSafe: string[] = [];
  const rows = cells.map((cell, index) => {
    const runs = outcomes[index] ?? [];
    const rolledBack = runs.filter((run) => run.failedMs !== null).length;
    const [low, high] = exactInterval(rolledBack, runs.length, familyMiss);
    const lower = exactLower(rolledBack, runs.length, familyMiss / cells.length);
    const exceeded = cell.alpha !== null && lower > cell.alpha;
    if (exceeded) guilty.push(`${cell.group}: ${cell.name}`);
    if (isOnMargin(cell)) {
      const safe = runs.filter((run) => run.passedMs !== null).length;
      if (exactLower(safe, runs.length, familyMiss / cells.length) > cell.settings.alphaPromote)
        calledSafe.push(`${cell.group}: ${cell.name}`);
    }
    return [
      cell.group,
      cell.name,
      String(runs.length),
      `${percent(rolledBack / runs.length)} [${percent(low)}, ${percent(high)}]`,
      percent(lower),
      cell.alpha === null ? '–' : exceeded ? 'FAIL' : 'ok',
      share(runs, (run) => run.splitAlarm),
      cell.watch.includes('errorRate') ? share(runs, (run) => run.passedMs !== null) : '–',
      String(Math.round(mean(runs.map((run) => run.requests)))),
    ];
  });
  return {
    title: 'False rollbacks (simulated): runs without harm that were rolled back',
    columns: ['group', 'cell', 'runs', 'rolled back', 'corrected', 'α held', 'split alarm', 'called safe', 'requests'],
    rows,
    notes: [
      `α = ${percent(cells[0]?.alpha ?? 0)} for the run; in brackets the exact 95 % interval (Clopper–Pearson)`,
      `corrected: lower end of the ratio at 95 % for all ${cells.length} cells together (Bonferroni, one-sided); FAIL when it is above α`,
      'outside the promise: bursts, exactly on the margin, from a source that cannot tell clients apart, while nobody knows how failures scatter',
      'split alarm: the check of the router was wrong at some time (it holds a run, it does not roll back); called safe: the error rate passed at some time, which at most 5 % of the runs on the margin may be',
      ...calledSafe.map((name) => `called safe too often, though it lies on the margin: ${name}`),
      ...(guilty.length === 0
        ? ['α holds in every cell above that it is promised for']
        : guilty.map((name) => `FAIL: α is exceeded in ${name}`)),
    ],
    failed: guilty.length > 0,
  };
}

/** All the time, so that no verdict "safe" was ever right. */
function isOnMargin({ scenario, watch }: JudgedCell): boolean {
  return watch.includes('errorRate') && scenario.canaryExcess > 0 && scenario.onsetMs === 0;
}

function share(runs: readonly JudgedOutcome[], is: (run: JudgedOutcome) => boolean): string {
  return percent(runs.filter(is).length / runs.length);
}
