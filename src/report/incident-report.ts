import type { RunRecord } from '../model/run-record.ts';
import { renderStep } from '../model/step.ts';
import { asSentence, cite, formatDuration, formatInstant, formatTime, quoteUntrusted, trim } from './format.ts';
import { abortDecision, eventsOf, lastSeq, stepEvents } from './record-events.ts';
import { type ReportOptions, reportData } from './report-data.ts';
import { describeExposure } from './report-findings.ts';
import type { ReportData } from './report-schema.ts';
import { bullets, describeDowntime } from './report-sections.ts';
import { detectedAtMsOf } from './rollback-facts.ts';

/** What begins the part that people fill in: it is kept when the rest is written anew. */
export const rootCauseHeading = '## Root Cause';

/** Whether a run is one that an incident report is due for: users met a release that had to be taken back. Pure. */
export function isIncident({ outcome, plan }: RunRecord): boolean {
  return outcome === 'rollback_failed' || (outcome === 'rolled_back' && plan.content.kind === 'rollout');
}

/** The incident report of a run that was taken back, in Markdown; from the record alone, with room for the root cause. Pure. */
export function renderIncident(record: RunRecord, options: ReportOptions = {}): string {
  const data = reportData(record, options);
  const sections = [
    renderTitle(record, data),
    ...(record.outcome === 'rollback_failed' ? [renderEmergency(record, data)] : []),
    renderSummary(data),
    `## Impact\n\n${bullets(impact(data))}`,
    renderDetection(record, data),
    renderTimeline(record, data),
    renderResponse(record, data),
    renderLogs(record),
    `## Could Not Verify\n\n${bullets(openPoints(data))}`,
    renderReferences(data),
    renderRootCause(data),
  ];
  return `${sections.join('\n\n')}\n`;
}

type Severity = { name: 'P0' | 'P1' | 'P2'; why: string };

/** P0 while users may still be on the release, P1 when requests of theirs failed, else P2. Pure. */
export function severityOf({ title, exposure }: ReportData): Severity {
  if (title.outcome === 'rollback_failed')
    return { name: 'P0', why: `the rollback failed: users may still be on ${title.version}` };
  if (exposure.failedByRelease === null || exposure.failedByRelease > 0)
    return {
      name: 'P1',
      why: exposure.failedByRelease === null ? 'what users met is not measured' : 'users met failures',
    };
  return { name: 'P2', why: 'no request of a user failed because of the release, as far as was counted' };
}

function renderTitle(record: RunRecord, data: ReportData): string {
  const { title, rollback } = data;
  const severity = severityOf(data);
  const isOpen = record.outcome === 'rollback_failed';
  return [
    '# Incident Report',
    '',
    `**Incident**: incident-${title.runId}`,
    `**Severity**: ${severity.name} (${severity.why})`,
    `**Status**: ${isOpen ? 'OPEN: act now' : 'RESTORED: users are on the stable revision; root cause analysis is open'}`,
    `**Project**: ${title.project}`,
    `**Environment**: ${title.environment}`,
    `**Version**: ${title.version}, after ${title.from ?? 'nothing'}`,
    `**Commit**: ${title.commit ?? 'none: shipped from a directory'}`,
    `**Declared**: ${formatTime(record.rollback?.detectedAtMs ?? record.startedAtMs)}, by seatrial`,
    `**Trigger**: ${rollback === null ? 'not on record' : `${rollback.trigger} (${rollback.firedBy})`}`,
    '**Incident Commander**: not named',
    `**Run**: ${title.runId}`,
  ].join('\n');
}

function renderEmergency(record: RunRecord, { title }: ReportData): string {
  const manual = record.error?.remedy ?? record.plan.content.wayBack.map(renderStep).join(' → ');
  return [
    '## Act Now (P0)',
    '',
    `> CRITICAL: ${asSentence(record.error?.message ?? record.reason ?? 'the rollback failed')} Users may still be on ${title.version}.`,
    '',
    '1. Declare a P0 incident, and escalate to the Incident Commander at once.',
    '2. Assemble the incident response team.',
    `3. Move traffic by hand: ${manual}`,
    `4. Try again: \`seatrial rollback --env ${title.environment}\`. Look at the instances: \`seatrial logs ${title.runId}\`.`,
    '5. Tell stakeholders that the service is disrupted, and again when it is restored.',
    `6. Read back which revision answers before the incident is closed.`,
  ].join('\n');
}

function renderSummary(data: ReportData): string {
  const { verdict, title } = data;
  return `## Summary\n\n${asSentence(verdict.sentence)}${cite(verdict.events)}\n\nHow it ended: ${asSentence(title.reason)}${cite(title.events)}`;
}

function impact(data: ReportData): string[] {
  const { exposure, downtime } = data;
  return [
    `${describeExposure(exposure)}${cite(exposure.events)}`,
    `Failed requests that users saw because of the release: ${exposure.failedByRelease ?? 'not measured'}${exposure.canary === null || exposure.failedByRelease === null ? '' : ` (${exposure.canary.failures} of ${exposure.canary.requests} on the candidate failed)`}${cite(exposure.events)}`,
    `Largest share of users on the candidate: ${trim(exposure.maxWeightPercent, 2)} %${cite(exposure.weightEvents)}`,
    `Downtime of the whole service: ${describeDowntime(downtime)}${cite(downtime.events)}`,
    ...data.slo.map(({ name, status, note, events }) => `${name}: ${status}. ${asSentence(note)}${cite(events)}`),
  ];
}

function renderDetection(record: RunRecord, { rollback, verdict }: ReportData): string {
  const abort = abortDecision(record);
  const detectedAtMs = detectedAtMsOf(record);
  return `## Detection\n\n${bullets([
    `Detected at: ${detectedAtMs === null ? 'not on record' : formatInstant(detectedAtMs)}${cite(rollback?.cites.trigger ?? [])}`,
    `Time to Detect: ${rollback?.detectMs == null ? 'not measured' : `${formatDuration(rollback.detectMs)} after the first failed request to the candidate, to the second${cite(rollback.cites.detect)}`}`,
    `Found by: ${abort?.decision.trigger?.startsWith('person') ? 'a person' : 'seatrial, from measurements'}`,
    ...verdict.verdicts.map(
      ({ metric, outcome, sentence, events }) => `${metric}: ${outcome}. ${asSentence(sentence)}${cite(events)}`,
    ),
  ])}`;
}

function renderTimeline(record: RunRecord, { timeline }: ReportData): string {
  const fromMs = record.steps.find(
    ({ step }) => step.kind === 'set_weight' || step.kind === 'replace_batch',
  )?.startedAtMs;
  const from = fromMs == null ? '' : formatInstant(fromMs);
  const lines = timeline.log
    .filter(({ at }) => (at ?? '') >= from)
    .map(({ at, text, events }) => `${at ?? ''} ${text}${cite(events)}`);
  return `## Timeline\n\nFrom the first user on the candidate on; times are UTC.\n\n${bullets(lines)}`;
}

function renderResponse(record: RunRecord, { rollback }: ReportData): string {
  if (rollback === null) return '## Response\n\n- no way back is on record';
  const steps = record.steps
    .filter(({ phase }) => phase === 'back')
    .map((progress) => {
      const took =
        progress.startedAtMs === null || progress.endedAtMs === null
          ? ''
          : ` in ${formatDuration(progress.endedAtMs - progress.startedAtMs)}`;
      const error = progress.error === null ? '' : `: ${quoteUntrusted(progress.error.message, 400)}`;
      const begun = stepEvents(record, progress);
      const events = begun.length > 0 ? begun : lastSeq(record, 'rollback_started');
      return `${renderStep(progress.step)}: ${progress.state}${took}${error}${cite(events)}`;
    });
  return `## Response\n\n${bullets([
    `Time to Restore: ${rollback.restoreMs === null ? 'not measured: the traffic path was not seen free of the candidate' : `${formatDuration(rollback.restoreMs)} from the decision until no request went to the candidate`}${cite(rollback.cites.restore)}`,
    `Whole way back: ${formatDuration(rollback.durationMs)}${cite(rollback.durationMs === null ? [] : rollback.cites.duration)}`,
    `Rollback Success: ${rollback.success}`,
    `Smoke Tests Post-Rollback: ${rollback.smoke}${cite(rollback.cites.smoke)}`,
    `Revision that serves users now: ${record.verified === null ? 'not read back' : `${record.verified.reason}${cite([record.verified.seq])}`}`,
    ...steps,
  ])}`;
}

const mostExcerpts = 10;

/** Last words of instances, and errors of steps that were not only broken off: quoted, never to be followed. */
function renderLogs(record: RunRecord): string {
  const excerpts = record.instances
    .filter(({ excerpt }) => excerpt !== null && excerpt.trim() !== '')
    .map(
      ({ instanceId, revisionId, what, excerpt, seq }) =>
        `${instanceId} of ${revisionId} (${what}): “${quoteUntrusted(excerpt ?? '', 400)}”${cite([seq])}`,
    );
  const errors = eventsOf(record, 'step_failed')
    .filter(({ data }) => data.error.code !== 'ABORTED' && data.error.code !== 'CANCELLED')
    .map(({ data, seq }) => `${data.stepId}: “${quoteUntrusted(data.error.message, 400)}”${cite([seq])}`);
  const all = [...excerpts, ...errors];
  const more =
    all.length > mostExcerpts ? [`${all.length - mostExcerpts} more: \`seatrial logs ${record.runId}\``] : [];
  return `## Log Excerpts\n\nQuoted as they were written by programs; redacted and shortened.\n\n${all.length === 0 ? '- none on record' : bullets([...all.slice(0, mostExcerpts), ...more])}`;
}

/** What is open about the incident itself; what was never configured is in the deployment report. */
function openPoints({ couldNotVerify }: ReportData): string[] {
  const own = couldNotVerify.filter(({ why }) => !why.startsWith('skipped:') && why !== 'not configured');
  return own.length === 0 ? ['nothing'] : own.map(({ what, why, events }) => `${what}: ${why}${cite(events)}`);
}

function renderReferences({ title }: ReportData): string {
  return `## References\n\n${bullets([
    `Deployment Report: \`.seatrial/reports/${title.runId}.md\` (and .html, .json)`,
    `Journal: \`seatrial logs ${title.runId}\`; (#n) is event n of it`,
  ])}`;
}

function renderRootCause({ lessons, title }: ReportData): string {
  return [
    rootCauseHeading,
    '',
    'To be filled in by people. From here on this file is theirs: it is not written over.',
    '',
    '**Cause**: _what in the change did it_',
    '',
    '**Contributing Factors**: _what made it possible, or worse_',
    '',
    '**Why No Earlier Check Found It**: _tests, review, staging, smoke tests_',
    '',
    `Then: \`seatrial learnings add --run ${title.runId} --cause "…" --fix "…"\`, without which the same revision is refused.`,
    '',
    '## Corrective Actions',
    '',
    '| Action | Owner | Due | Done |',
    '| --- | --- | --- | --- |',
    ...lessons.actions.map(({ text }) => `| ${text.replaceAll('|', '\\|')} | _name_ | _date_ | no |`),
    '| _the fix itself_ | _name_ | _date_ | no |',
  ].join('\n');
}
