import type { History } from '../../model/history.ts';
import { renderMs } from '../../model/step.ts';
import { median, trim } from '../format.ts';
import type { HistoryWindow } from './history-window.ts';

export type MetricRow = { metric: string; target: string; current: string; trend: string };

/** Fewer runs than this behind either figure say nothing about a direction. */
const samplesForTrend = 5;
const dayMs = 86_400_000;

/** A figure and how many runs are behind it. */
type Sample = { value: number; samples: number };

type Metric = {
  name: string;
  target: string;
  /** Null: there is no data for it. */
  of(runs: readonly History[]): Sample | null;
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
    of: (runs) => share(rollouts(runs), wasTakenBack(runs)),
    format: percent,
    better: 'lower',
  },
  {
    name: 'Deploy duration',
    target: '<15 min',
    of: (runs) => middle(succeeded(runs).map((run) => run.durationMs)),
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
    of: (runs) => share(rollouts(runs).filter(reachedUsers), wasTakenBack(runs)),
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

/**
 * The environment that the table speaks of: production where there is one, for a deploy to staging is no production
 * deploy; null where no run went to an environment of that name, and then all are counted. Pure.
 */
export function measuredEnvironment({ current, previous }: Pick<HistoryWindow, 'current' | 'previous'>): string | null {
  const name = 'production';
  return [...current, ...previous].some((run) => run.environment === name) ? name : null;
}

/** The metrics table: `Not tracked` without data, and no direction without enough of it. Pure. */
export function assessMetrics(window: Pick<HistoryWindow, 'current' | 'previous'>): MetricRow[] {
  const environment = measuredEnvironment(window);
  const [current = [], previous = []] = [window.current, window.previous].map((runs) =>
    environment === null ? runs : runs.filter((run) => run.environment === environment),
  );
  return [...deploys, ...dora].map((metric) => {
    const sample = metric.of(current);
    return {
      metric: metric.name,
      target: metric.target,
      current: sample === null ? 'Not tracked' : metric.format(sample.value),
      trend: sample === null ? '-' : describeTrend(metric, sample, metric.of(previous)),
    };
  });
}

function describeTrend(metric: Metric, now: Sample, before: Sample | null): string {
  if (before === null || now.samples < samplesForTrend || before.samples < samplesForTrend) return 'not enough data';
  const [shown, shownNow] = [before, now].map(({ value }) => metric.format(value).replace(/ \(.*\)$/, ''));
  if (shown === shownNow) return `→ same (was ${shown})`;
  const up = now.value > before.value;
  return `${up ? '↑' : '↓'} ${up === (metric.better === 'higher') ? 'better' : 'worse'} (was ${shown})`;
}

function rollouts(runs: readonly History[]): History[] {
  // A run that a person stopped says nothing about the release.
  return runs.filter((run) => run.kind === 'rollout' && run.outcome !== 'aborted');
}

function releases(runs: readonly History[]): History[] {
  return runs.filter((run) => run.kind === 'rollout' && released(run));
}

function succeeded(runs: readonly History[]): History[] {
  return runs.filter((run) => run.kind === 'rollout' && run.outcome === 'succeeded');
}

/** Taken back in the run itself, or by a rollback that a person asked for afterwards. */
function wasTakenBack(runs: readonly History[]): (run: History) => boolean {
  const later = runs.filter((run) => run.kind === 'rollback' && run.outcome !== 'aborted' && run.outcome !== 'failed');
  return (run) =>
    run.outcome === 'rolled_back' ||
    run.outcome === 'rollback_failed' ||
    later.some((back) => takesBack(back, run, runs));
}

/** The rollback left this run's revision, and no rollout of it came between. */
function takesBack(back: History, run: History, runs: readonly History[]): boolean {
  const isSame = (one: History): boolean =>
    one.environment === back.environment &&
    one.version === back.fromVersion &&
    (back.fromCommit === null || one.commit === back.fromCommit);
  if (!isSame(run) || !released(run) || Date.parse(run.endedAt) > Date.parse(back.startedAt)) return false;
  return !runs.some(
    (one) =>
      one.kind === 'rollout' &&
      released(one) &&
      isSame(one) &&
      Date.parse(one.endedAt) > Date.parse(run.endedAt) &&
      Date.parse(one.endedAt) <= Date.parse(back.startedAt),
  );
}

/** All users got it, proven or not. */
function released(run: History): boolean {
  return run.outcome === 'succeeded' || run.outcome === 'unverified';
}

function reachedUsers(run: History): boolean {
  return run.maxWeightPercent > 0;
}

function share(runs: readonly History[], test: (run: History) => boolean): Sample | null {
  return runs.length === 0 ? null : { value: runs.filter(test).length / runs.length, samples: runs.length };
}

function middle(values: readonly number[]): Sample | null {
  const value = median(values);
  return value === null ? null : { value, samples: values.length };
}

/** Releases over the time from the first to the last of them; below a week there is no rate to speak of. */
function perWeek(runs: readonly History[]): Sample | null {
  const ends = releases(runs).map((run) => Date.parse(run.endedAt));
  const spanMs = Math.max(...ends) - Math.min(...ends);
  if (ends.length < 2 || spanMs < 7 * dayMs) return null;
  return { value: ((ends.length - 1) / spanMs) * 7 * dayMs, samples: ends.length };
}

/** From the middle one of a release's commits, or from the one that was shipped where nothing is known of the others. */
function leadTime(runs: readonly History[]): Sample | null {
  const times = releases(runs).map((run) => {
    const from = run.changes?.medianCommitAt ?? run.commitAt;
    return from === null ? null : Date.parse(run.endedAt) - Date.parse(from);
  });
  return middle(times.filter((ms) => ms !== null).filter((ms) => ms >= 0));
}

function timeToRestore(runs: readonly History[]): Sample | null {
  const times = runs.map((run) =>
    run.detectMs === null || run.restoreMs === null ? null : run.detectMs + run.restoreMs,
  );
  return middle(times.filter((ms) => ms !== null));
}

function percent(ratio: number): string {
  return `${trim(ratio * 100, 1)}%`;
}
