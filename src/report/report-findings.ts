import type { RunRecord } from '../model/run-record.ts';
import { renderMs } from '../model/step.ts';
import { asSentence, formatCount, formatDuration, formatRatio, plural, trim } from './format.ts';
import { adviceFor } from './improvement-advice.ts';
import { detectPitfalls } from './learnings/pitfall-detectors.ts';
import {
  abortDecision,
  eventsOf,
  firstSeq,
  holdEvents,
  lastSeq,
  maxWeightEvents,
  reasonEvents,
  stepEvents,
  verdictSeq,
} from './record-events.ts';
import { ratioOf } from './report-measures.ts';
import type { Issue, ReportData, Statement } from './report-schema.ts';
import { buildSmoke } from './report-smoke.ts';
import { listUnmeasured } from './report-unmeasured.ts';
import { isUnseenSplit } from './report-unverified.ts';
import { detectEvents, detectMsOf, restoreMsOf, smokeAfterRollback } from './rollback-facts.ts';

/** What decided the run, in one sentence, and every verdict with its own. Pure. */
export function buildVerdict(record: RunRecord): ReportData['verdict'] {
  return {
    ...decisive(record),
    verdicts: record.verdicts
      .filter((verdict) => !isUnseenSplit(verdict))
      .map(({ metric, outcome, sentence }) => ({ metric, outcome, sentence, events: verdictSeq(record, metric) })),
  };
}

/** What users had to do with the candidate; `measured` is false when nothing was counted. Pure. */
export function buildExposure(record: RunRecord): ReportData['exposure'] {
  const { exposure, maxWeightPercent } = record;
  const counted = exposure !== null && (exposure.canary.requests > 0 || maxWeightPercent === 0);
  return {
    measured: counted,
    canary: exposure?.canary ?? null,
    baseline: exposure?.baseline ?? null,
    failedByRelease: counted ? exposure.failedByRelease : null,
    cut: exposure?.cut ?? null,
    uncountedMs: uncounted(record).reduce((sum, { ms }) => sum + ms, 0),
    maxWeightPercent,
    weightEvents: maxWeightEvents(record),
    stratum: record.plan.content.judge.stratum,
    events: [
      ...maxWeightEvents(record),
      ...uncounted(record).flatMap(({ events }) => events),
      ...lastSeq(record, 'exposure'),
    ],
  };
}

/** Times in which the candidate may have had users whom nobody counted, with the events between which they lie. */
function uncounted(record: RunRecord): Array<{ ms: number; events: number[] }> {
  const first = record.steps.find(({ step }) => step.kind === 'set_weight' || step.kind === 'replace_batch');
  const fromMs = first?.startedAtMs ?? null;
  if (first === undefined || fromMs === null) return [];
  return listUnmeasured(record).flatMap((one) => {
    const ms = one.toMs - Math.max(one.fromMs, fromMs);
    if (ms <= 0) return [];
    return [
      { ms, events: one.fromMs < fromMs ? [...stepEvents(record, first).slice(0, 1), ...one.events] : one.events },
    ];
  });
}

/** The exposure in one sentence. */
export function describeExposure(exposure: ReportData['exposure']): string {
  const whose = exposure.stratum === 'probe' ? 'probe requests' : 'requests of users';
  if (exposure.maxWeightPercent === 0) return `The candidate never had users.${cutSentence(exposure.cut)}`;
  if (!exposure.measured || exposure.canary === null || exposure.failedByRelease === null) {
    return `The candidate had up to ${trim(exposure.maxWeightPercent, 2)} % of users; how many requests that was is not measured.`;
  }
  const baseline = exposure.baseline === null ? null : ratioOf(exposure.baseline);
  const failed = exposure.failedByRelease;
  const beyond = failed > 0 && failed < 1 ? '<1' : formatCount(failed);
  const { uncountedMs } = exposure;
  const uncounted = uncountedMs === 0 ? '' : ` Those of ${renderMs(uncountedMs)} were not counted.`;
  return `${uncountedMs === 0 ? '' : 'At least '}${formatCount(exposure.canary.requests)} ${whose} went to the candidate (at most ${trim(exposure.maxWeightPercent, 2)} % of users); ${formatCount(exposure.canary.failures)} failed, ${
    baseline === null
      ? 'and nothing was counted on the baseline to compare with'
      : `${beyond} more than the baseline’s ${formatRatio(baseline)} explains`
  }.${uncounted}${cutSentence(exposure.cut)}`;
}

function cutSentence(cut: number | null): string {
  if (cut === null) return ' Cut connections were not counted.';
  return cut === 0 ? ' No connection was cut.' : ` ${plural(cut, 'connection')} cut at a drain deadline.`;
}

/** Whatever went wrong, most severe first. Pure. */
export function buildIssues(record: RunRecord): Issue[] {
  const order = ['Critical', 'High', 'Medium', 'Low'];
  return [...endingIssue(record), ...smokeIssues(record), ...holdIssues(record), ...warningIssues(record)].sort(
    (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity),
  );
}

/** What went well, what could be better, and what to do. Every statement has its event. Pure. */
export function buildLessons(record: RunRecord): ReportData['lessons'] {
  const advice = adviceFor(detectPitfalls(record));
  return {
    wentWell: wentWell(record),
    couldImprove: advice.map(({ lesson, pitfall }) => ({
      text: `${lesson} [${pitfall}]`,
      events: evidenceOf(record, pitfall),
    })),
    actions: advice.map(({ action, pitfall }) => ({ text: action, events: evidenceOf(record, pitfall) })),
  };
}

/** Proposed wording for runbooks; nothing is changed by itself. Pure. */
export function buildRunbook(record: RunRecord): ReportData['runbook'] {
  return adviceFor(detectPitfalls(record)).map(({ document, section, wording }) => ({ document, section, wording }));
}

/** Where in the record a pitfall shows. */
export function evidenceOf(record: RunRecord, pitfall: string): number[] {
  const preflight = ['missing-rollback-plan', 'unrehearsed-rollback', 'no-staging-verification'];
  if (preflight.includes(pitfall)) return firstSeq(record, 'preflight_completed');
  if (pitfall === 'flaky-smoke-test') return buildSmoke(record).flaky.flatMap((one) => one.events);
  if (pitfall === 'rollback-needed') return [...abortSeq(record), ...firstSeq(record, 'rollback_started')];
  if (pitfall === 'overridden-gate' || pitfall === 'monitoring-alert-missed') {
    const controls = record.controls.filter((control) => control.accepted).map((control) => control.seq);
    const overrides = pitfall === 'overridden-gate' ? record.overrides.map(({ seq }) => seq) : [];
    const found = [...overrides, ...controls];
    return found.length > 0 ? found : firstSeq(record, 'preflight_completed');
  }
  if (pitfall === 'friday-deploy' || pitfall === 'migration-without-way-back') return firstSeq(record, 'run_started');
  return lastSeq(record, 'run_ended');
}

function decisive(record: RunRecord): { sentence: string; events: number[] } {
  const abort = abortDecision(record);
  if (abort !== null) return { sentence: abort.decision.reason, events: [abort.seq] };
  if (record.outcome !== 'succeeded' && record.outcome !== 'unverified') {
    const told = reasonEvents(record);
    return {
      sentence: record.error?.message ?? record.reason ?? 'The run is not over.',
      events: told.length > 0 ? told : lastSeq(record, 'decision'),
    };
  }
  const proof = record.verdicts.find((verdict) => verdict.metric === 'errorRate');
  const parts = [
    proof?.sentence ?? 'No verdict was made on the error rate.',
    record.verified?.reason ?? 'The revision that serves was not read back.',
  ];
  return {
    sentence: parts.map(asSentence).join(' '),
    events: [...verdictSeq(record, 'errorRate'), ...lastSeq(record, 'revision_verified')],
  };
}

function abortSeq(record: RunRecord): number[] {
  const abort = abortDecision(record);
  return abort === null ? [] : [abort.seq];
}

function endingIssue(record: RunRecord): Issue[] {
  const { outcome } = record;
  const abort = abortDecision(record);
  if (outcome === null || outcome === 'succeeded') return [];
  const title = abort?.decision.reason ?? record.error?.message ?? record.reason ?? outcome;
  const restoredEvents = restoreMsOf(record) === null ? [] : firstSeq(record, 'traffic_restored');
  const events = [...(abort === null ? [] : [abort.seq]), ...restoredEvents, ...lastSeq(record, 'run_ended')];
  const restored = restoreMsOf(record);
  const detected = detectMsOf(record);
  const resolutions = {
    unverified: {
      severity: 'Medium' as const,
      resolution: 'none: the revision serves, and what is listed under “Could not verify” is open',
    },
    rolled_back: {
      severity: 'High' as const,
      resolution: `${abort?.decision.trigger === 'person' ? 'rolled back by a person' : 'rolled back automatically'}; users were off the candidate ${restored === null ? 'at an unknown time' : `${renderMs(restored)} after the decision`}; the cause is not known to the record`,
    },
    failed: {
      severity: 'High' as const,
      resolution: record.maxWeightPercent === 0 ? 'stopped before it had users' : 'stopped',
    },
    aborted: { severity: 'Medium' as const, resolution: 'stopped by a person; users are on the stable revision' },
    rollback_failed: {
      severity: 'Critical' as const,
      resolution: `open: move traffic by hand and try \`seatrial rollback\` again; declare a P0 incident`,
    },
  };
  return [
    {
      title,
      ...resolutions[outcome],
      timeToResolveMs: restored === null ? null : restored + (detected ?? 0),
      timeEvents: restored === null ? [] : [...detectEvents(record), ...restoredEvents],
      events,
    },
  ];
}

function smokeIssues(record: RunRecord): Issue[] {
  const smoke = buildSmoke(record);
  return [
    ...smoke.failures.map(
      (failure): Issue => ({
        title: `Smoke test: ${failure.text}`,
        severity: 'High',
        resolution: 'the run did not go forward',
        timeToResolveMs: null,
        timeEvents: [],
        events: failure.events,
      }),
    ),
    ...smoke.flaky.map(
      (flaky): Issue => ({
        title: `Flaky smoke test: ${flaky.text}`,
        severity: 'Low',
        resolution: 'passed when repeated; not repaired',
        timeToResolveMs: null,
        timeEvents: [],
        events: flaky.events,
      }),
    ),
  ];
}

function holdIssues(record: RunRecord): Issue[] {
  return record.holds
    .filter((hold) => hold.gate === null)
    .map((hold) => ({
      title: `Held: ${hold.reason}`,
      severity: 'Medium',
      resolution: hold.toMs === null ? 'did not end by itself' : 'went on',
      timeToResolveMs: hold.toMs === null ? null : hold.toMs - hold.fromMs,
      timeEvents: holdEvents(record, hold),
      events: holdEvents(record, hold),
    }));
}

function warningIssues(record: RunRecord): Issue[] {
  return record.warnings.map((warning) => ({
    title: warning.message,
    severity: 'Low',
    resolution: 'none recorded',
    timeToResolveMs: null,
    timeEvents: [],
    events: [warning.seq],
  }));
}

function wentWell(record: RunRecord): Statement[] {
  const detectMs = detectMsOf(record);
  const restoreMs = restoreMsOf(record);
  const statements: Array<Statement | null> = [
    detectMs === null
      ? null
      : {
          text: `The harm was detected ${formatDuration(detectMs)} after the first failed request to the candidate.`,
          events: detectEvents(record),
        },
    restoreMs === null
      ? null
      : {
          text: `Users were off the candidate ${renderMs(restoreMs)} after the decision.`,
          events: firstSeq(record, 'traffic_restored'),
        },
    smokeAfterRollback(record) === 'PASS'
      ? { text: 'Smoke tests were green after the rollback.', events: lastSeq(record, 'smoke_completed') }
      : null,
    record.outcome === 'failed' && record.maxWeightPercent === 0
      ? { text: 'The fault was found before the candidate had users.', events: lastSeq(record, 'run_ended') }
      : null,
    record.exposure?.cut === 0 && record.maxWeightPercent > 0
      ? { text: 'No connection was cut.', events: lastSeq(record, 'exposure') }
      : null,
    ...provenBakes(record),
    record.outcome === 'succeeded' && record.verified?.ok === true
      ? {
          text: `The shipped revision was read back through the traffic path: ${record.verified.reason}.`,
          events: lastSeq(record, 'revision_verified'),
        }
      : null,
  ];
  return statements.filter((statement) => statement !== null);
}

function lastVerdictBefore(record: RunRecord, seq: number): string | null {
  const verdicts = eventsOf(record, 'verdict').filter(
    (event) => event.seq < seq && event.data.verdict.metric === 'errorRate',
  );
  return verdicts.at(-1)?.data.verdict.outcome ?? null;
}

function provenBakes(record: RunRecord): Statement[] {
  const proven = eventsOf(record, 'decision').filter(
    (event) =>
      event.data.decision.action === 'advance' &&
      event.data.decision.trigger === null &&
      lastVerdictBefore(record, event.seq) === 'pass',
  );
  if (proven.length === 0) return [];
  return [
    {
      text: `${plural(proven.length, 'step')} of the rollout advanced on a verdict and not on time alone.`,
      events: proven.map((event) => event.seq),
    },
  ];
}
