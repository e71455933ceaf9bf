import type { History } from '../../model/history.ts';
import { renderMs } from '../../model/step.ts';
import { median, trim } from '../format.ts';
import type { HistoryWindow } from './history-window.ts';

export type MetricRow = { metric: string; target: string; current: string; trend: string };

/** Fewer runs than this on either side say nothing about a direction. */
const runsForTrend = 5;
const dayMs = 86_400_000;

type Metric = {
  name: string;
  target: string;
  /** Null: there is no data for it. */
  of(runs: readonly History[]): number | null;
  format(value: number): string;
  better: 'higher' | 'lower';
};

const deploys: readonly Metric[] = [
  {
    name: 'Production deploy success',
    target: '≥98%',
    of: (runs) => share(rollouts(runs), (run) => run.outcome === 'succeeded'),
    format: percent,
    better: 'higher',
  },
  {
    name: 'Rollback frequency',
    target: '<5%',
    of: (runs) => share(rollouts(runs), wasRolledBack),
    format: percent,
    better: 'lower',
  },
  {
    name: 'Deploy duration',
    target: '<15 min',
    of: (runs) => median(succeeded(runs).map((run) => run.durationMs)),
    format: (ms) => `${renderMs(ms)} (median)`,
    better: 'lower',
  },
];

/** The four of DORA, from what is recorded: they speak of seatrial's runs only. */
const dora: readonly Metric[] = [
  {
    name: 'Deployment frequency',
    target: '-',
    of: perWeek,
    format: (value) => `${trim(value, 1)} per week`,
    better: 'higher',
  },
  {
    name: 'Lead time for changes',
    target: '-',
    of: leadTime,
    format: (ms) => `${renderMs(ms)} (median, commit to end of run)`,
    better: 'lower',
  },
  {
    name: 'Change failure rate',
    target: '-',
    of: (runs) => share(rollouts(runs).filter(reachedUsers), wasRolledBack),
    format: percent,
    better: 'lower',
  },
  {
    name: 'Time to restore',
    target: '-',
    of: timeToRestore,
    format: (ms) => `${renderMs(ms)} (median, first failed request to no canary traffic)`,
    better: 'lower',
  },
];

/** The metrics table: `Not tracked` without data, and no direction without enough of it. Pure. */
export function assessMetrics({ current, previous }: HistoryWindow): MetricRow[] {
  return [...deploys, ...dora].map((metric) => {
    const value = metric.of(current);
    return {
      metric: metric.name,
      target: metric.target,
      current: value === null ? 'Not tracked' : metric.format(value),
      trend: value === null ? '-' : describeTrend(metric, value, { current, previous }),
    };
  });
}

function describeTrend(
  metric: Metric,
  value: number,
  { current, previous }: Pick<HistoryWindow, 'current' | 'previous'>,
): string {
  const before = metric.of(previous);
  if (before === null || current.length < runsForTrend || previous.length < runsForTrend) return 'not enough data';
  const shown = metric.format(before).replace(/ \(.*\)$/, '');
  if (metric.format(before) === metric.format(value)) return `→ same (was ${shown})`;
  const up = value > before;
  return `${up ? '↑' : '↓'} ${up === (metric.better === 'higher') ? 'better' : 'worse'} (was ${shown})`;
}

function rollouts(runs: readonly History[]): History[] {
  // A run that a person stopped says nothing about the release.
  return runs.filter((run) => run.kind === 'rollout' && run.outcome !== 'aborted');
}

function succeeded(runs: readonly History[]): History[] {
  return runs.filter((run) => run.kind === 'rollout' && run.outcome === 'succeeded');
}

function wasRolledBack(run: History): boolean {
  return run.outcome === 'rolled_back' || run.outcome === 'rollback_failed';
}

function reachedUsers(run: History): boolean {
  return run.maxWeightPercent > 0;
}

function share(runs: readonly History[], test: (run: History) => boolean): number | null {
  return runs.length === 0 ? null : runs.filter(test).length / runs.length;
}

/** Successful rollouts over the time from the first to the last of them; below a week there is no rate to speak of. */
function perWeek(runs: readonly History[]): number | null {
  const ends = succeeded(runs).map((run) => Date.parse(run.endedAt));
  const spanMs = Math.max(...ends) - Math.min(...ends);
  return ends.length < 2 || spanMs < 7 * dayMs ? null : ((ends.length - 1) / spanMs) * 7 * dayMs;
}

function leadTime(runs: readonly History[]): number | null {
  return median(
    succeeded(runs)
      .map((run) => (run.commitAt === null ? null : Date.parse(run.endedAt) - Date.parse(run.commitAt)))
      .filter((ms) => ms !== null)
      .filter((ms) => ms >= 0),
  );
}

function timeToRestore(runs: readonly History[]): number | null {
  return median(
    runs
      .map((run) => (run.detectMs === null || run.restoreMs === null ? null : run.detectMs + run.restoreMs))
      .filter((ms) => ms !== null),
  );
}

function percent(ratio: number): string {
  return `${trim(ratio * 100, 1)}%`;
}
