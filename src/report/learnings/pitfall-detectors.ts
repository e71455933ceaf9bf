import type { RunRecord } from '../../model/run-record.ts';
import { findCheck, type KnownCheck } from '../known-checks.ts';
import { ratioOf } from '../report-measures.ts';
import { type Detector, type Known, nothingKnown } from './detector.ts';
import { runDetectors } from './run-detectors.ts';

/** Longest time of a deploy beyond the observation that the plan asked for, and beyond waiting for people. */
export const slowDeployMs = 15 * 60_000;

/** One detector for each file of learnings/pitfalls, under the same id. */
export const pitfallDetectors = {
  'rollback-needed': (record) => record.outcome === 'rolled_back' || record.outcome === 'rollback_failed',
  'deploy-failure': (record) => record.outcome === 'failed' || record.outcome === 'rollback_failed',
  'missing-rollback-plan': (record) =>
    record.plan.content.wayBack.length === 0 || answeredOtherwise(record, 'rollback-plan'),
  'unrehearsed-rollback': (record) =>
    record.plan.content.stable !== null && answeredOtherwise(record, 'rollback-rehearsed'),
  'insufficient-monitoring': wasWatchedTooLittle,
  'friday-deploy': startedBeforeDaysOff,
  'silent-deploy': (record) => !record.notified.some((notice) => notice.ok),
  'no-staging-verification': (record) => answeredOtherwise(record, 'staging'),
  'migration-without-way-back': (record) =>
    record.plan.content.migration === 'contract' || record.plan.content.migration === 'irreversible',
  'overridden-gate': (record) => record.overrides.length > 0 || personLetItPass(record) || blockingCheckWasOpen(record),
  'flaky-smoke-test': (record) =>
    record.smoke.some((round) => round.checks.some((check) => check.status === 'passed' && check.attempts > 1)),
  'slow-deploy': (record) => unplannedMs(record) > slowDeployMs,
  'monitoring-alert-missed': harmWasFoundByPerson,
  ...runDetectors,
} satisfies Record<string, Detector>;

/** Ids of the pitfalls in a run, sorted. Pure. */
export function detectPitfalls(record: RunRecord, known: Known = nothingKnown): string[] {
  const { kind } = record.plan.content;
  if (kind === 'rehearsal' || wasStoppedByGate(record)) return [];
  // A rollback that a person asked for is itself the finding; what a release has to bring does not apply to it.
  if (kind === 'rollback')
    return record.outcome === 'failed' || record.outcome === 'rollback_failed'
      ? ['deploy-failure', 'rollback-needed']
      : ['rollback-needed'];
  return Object.entries(pitfallDetectors)
    .filter(([, detect]) => detect(record, known))
    .map(([id]) => id)
    .sort();
}

/** Pre-flight stopped it: the gate did what it is there for, and nothing was deployed. */
function wasStoppedByGate(record: RunRecord): boolean {
  return record.error?.code === 'PREFLIGHT_BLOCKED' && record.steps.every((progress) => progress.startedAtMs === null);
}

/** Asked, and the answer was not a pass; a question that was never asked tells nothing. */
function answeredOtherwise(record: RunRecord, question: KnownCheck): boolean {
  const check = findCheck(record, question);
  return check !== null && check.status !== 'passed';
}

/** Users were given to the candidate for good, and not everything that had to be proven was. */
function wasWatchedTooLittle(record: RunRecord): boolean {
  if (record.outcome !== 'succeeded' && record.outcome !== 'unverified') return false;
  if (record.maxWeightPercent === 0) return false;
  if (!record.counts.some((point) => point.canary.requests > 0)) return true;
  const proven = record.plan.content.judge.mustPass.every((metric) =>
    record.verdicts.some((verdict) => verdict.metric === metric && verdict.outcome === 'pass'),
  );
  return !proven || record.steps.some(wasCutShort);
}

function wasCutShort({ step, phase, state, startedAtMs, endedAtMs }: RunRecord['steps'][number]): boolean {
  if (
    step.kind !== 'bake' ||
    phase !== 'forward' ||
    state !== 'completed' ||
    startedAtMs === null ||
    endedAtMs === null
  )
    return false;
  // The end of a bake is journalled within a tick; a second keeps rounding from looking like negligence.
  return endedAtMs - startedAtMs < step.minMs - 1000;
}

/** As the pre-flight check answered, which knows time zone and holidays; without its answer by the day in UTC. */
function startedBeforeDaysOff(record: RunRecord): boolean {
  const check = findCheck(record, 'friday');
  // Skipped is its answer where such days are allowed.
  if (check !== null && check.status !== 'unknown') return check.status !== 'passed';
  return new Date(record.startedAtMs).getUTCDay() === 5;
}

function personLetItPass(record: RunRecord): boolean {
  return record.controls.some((control) => control.accepted && control.action === 'promote');
}

function blockingCheckWasOpen(record: RunRecord): boolean {
  const begun = record.steps.some((progress) => progress.startedAtMs !== null);
  return begun && (record.preflight?.checks.some((check) => check.blocking && check.status === 'failed') ?? false);
}

function unplannedMs(record: RunRecord): number {
  if (record.endedAtMs === null) return 0;
  const plannedMs = record.steps.reduce(
    (sum, { step, phase, startedAtMs }) =>
      sum + (step.kind === 'bake' && phase === 'forward' && startedAtMs !== null ? step.minMs : 0),
    0,
  );
  const heldMs = record.holds.reduce(
    (sum, hold) => sum + ((hold.toMs ?? record.endedAtMs ?? hold.fromMs) - hold.fromMs),
    0,
  );
  return record.endedAtMs - record.startedAtMs - plannedMs - heldMs;
}

/** A person stopped a candidate that did more harm than was allowed, and no automatic rule had fired. */
function harmWasFoundByPerson(record: RunRecord): boolean {
  const aborts = record.decisions.filter(({ decision }) => decision.action === 'abort');
  const byPerson = record.controls.some(
    (control) => control.accepted && (control.action === 'abort' || control.action === 'rollback'),
  );
  if (!byPerson || aborts.some(({ decision }) => decision.trigger !== 'person') || record.exposure === null)
    return false;
  const canary = ratioOf(record.exposure.canary);
  const baseline = ratioOf(record.exposure.baseline) ?? 0;
  return canary !== null && canary - baseline > record.plan.content.judge.errorMargin;
}
