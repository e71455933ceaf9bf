import type { RunRecord } from '../../model/run-record.ts';
import { findCheck } from '../known-checks.ts';
import { smokeAfterRollback } from '../rollback-facts.ts';
import type { Detector } from './detector.ts';

/** Observation that the safe pattern asks for after users were given to the candidate. */
const watchMs = 30 * 60_000;

/** One detector for each file of learnings/patterns, under the same id. */
export const patternDetectors = {
  'safe-production-deployment': (record) =>
    record.outcome === 'succeeded' &&
    findCheck(record, 'staging')?.status === 'passed' &&
    record.plan.content.revision.ref !== null &&
    observedMs(record) >= watchMs &&
    smokeWasGreen(record),
  'evidence-before-promotion': (record) =>
    record.outcome === 'succeeded' &&
    requiredPassed(record) &&
    !record.controls.some((control) => control.accepted && control.action === 'promote'),
  'automatic-rollback': (record) =>
    record.outcome === 'rolled_back' &&
    record.rollback !== null &&
    record.rollback.trigger !== 'person' &&
    record.rollback.trafficRestoredAtMs !== null &&
    smokeAfterRollback(record) === 'PASS',
  'stopped-before-users': (record) =>
    record.outcome === 'failed' && record.maxWeightPercent === 0 && record.error !== null,
} satisfies Record<string, Detector>;

/** Ids of the patterns that a run followed, sorted. Pure. */
export function detectPatterns(record: RunRecord): string[] {
  if (record.plan.content.kind !== 'rollout') return [];
  return Object.entries(patternDetectors)
    .filter(([, detect]) => detect(record))
    .map(([id]) => id)
    .sort();
}

function observedMs(record: RunRecord): number {
  return record.steps.reduce((sum, { step, phase, state, startedAtMs, endedAtMs }) => {
    const counted =
      step.kind === 'bake' &&
      phase === 'forward' &&
      state === 'completed' &&
      startedAtMs !== null &&
      endedAtMs !== null;
    return counted ? sum + endedAtMs - startedAtMs : sum;
  }, 0);
}

function smokeWasGreen(record: RunRecord): boolean {
  const checks = record.smoke.findLast((round) => round.on === 'environment')?.checks ?? [];
  return checks.length > 0 && checks.every((check) => check.status === 'passed');
}

function requiredPassed(record: RunRecord): boolean {
  const { mustPass } = record.plan.content.judge;
  return (
    mustPass.length > 0 &&
    mustPass.every((metric) =>
      record.verdicts.some((verdict) => verdict.metric === metric && verdict.outcome === 'pass'),
    )
  );
}
