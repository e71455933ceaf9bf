import type { Outcome } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { formatTime, plainLine } from './format.ts';
import { quoteArgument } from './quote-argument.ts';
import { reasonEvents } from './record-events.ts';
import { buildBusiness } from './report-business.ts';
import { buildExposure, buildIssues, buildLessons, buildRunbook, buildVerdict } from './report-findings.ts';
import { buildGuided } from './report-guided.ts';
import { assessMeasures } from './report-measures.ts';
import { type ReportData, reportSchema } from './report-schema.ts';
import { buildSmoke } from './report-smoke.ts';
import { buildStrategyDetails, buildTimeline } from './report-timeline.ts';
import { listUnverified } from './report-unverified.ts';
import { buildApprovals, buildPreflight } from './report-validation.ts';
import { buildRollback } from './rollback-facts.ts';

export type ReportOptions = {
  /** As the title of the report; the service's name when absent. */
  projectName?: string;
  /** Documents known to exist: deployment plan, rollback plan, incident report, release notes. */
  references?: ReadonlyArray<{ name: string; place: string }>;
};

const statuses: Record<Outcome, ReportData['title']['status']> = {
  succeeded: 'SUCCESS',
  unverified: 'UNVERIFIED',
  rolled_back: 'ROLLBACK',
  failed: 'FAILED',
  aborted: 'ABORTED',
  rollback_failed: 'FAILED',
};

/** The deployment report as data, from the run record alone. Pure. */
export function reportData(record: RunRecord, options: ReportOptions = {}): ReportData {
  const { content } = record.plan;
  const { measures, downtime } = assessMeasures(record);
  const data: ReportData = {
    schema: 1,
    title: buildTitle(record, options.projectName ?? content.service),
    verdict: buildVerdict(record),
    exposure: buildExposure(record),
    timeline: buildTimeline(record),
    strategyDetails: buildStrategyDetails(record),
    preflight: buildPreflight(record),
    guided: buildGuided(record),
    smoke: buildSmoke(record),
    slo: measures,
    downtime,
    business: buildBusiness(record),
    issues: buildIssues(record),
    rollback: buildRollback(record),
    lessons: buildLessons(record),
    runbook: buildRunbook(record),
    ...buildApprovals(record),
    signOffs: ['Deployment Manager', 'Reliability Engineer', 'Operations Lead', 'Release Manager'].map((role) => ({
      role,
      by: null,
      at: null,
    })),
    couldNotVerify: listUnverified(record, measures),
    references: listReferences(record, options),
    command: commandOf(record),
  };
  return reportSchema.parse(cleanTexts(data));
}

function commandOf(record: RunRecord): string {
  const { kind, revision, environment, strategy, guidance } = record.plan.content;
  if (kind === 'rollout')
    return `seatrial ship ${revision.version} --env ${environment} --strategy ${strategy}${guidance === null ? '' : ` --guidance ${quoteArgument(guidance)}`}`;
  return `seatrial rollback --env ${environment}${kind === 'rehearsal' ? ' --rehearse' : ''}`;
}

function buildTitle(record: RunRecord, project: string): ReportData['title'] {
  const { content } = record.plan;
  return {
    project,
    service: content.service,
    environment: content.environment,
    version: content.revision.version,
    commit: content.revision.commit,
    from: content.stable?.version ?? null,
    strategy: content.strategy,
    kind: content.kind,
    date: formatTime(record.startedAtMs),
    status: record.outcome === null ? 'IN PROGRESS' : statuses[record.outcome],
    outcome: record.outcome,
    reason: record.reason ?? 'the run is not over',
    runId: record.runId,
    planId: record.plan.planId,
    events: reasonEvents(record),
  };
}

function listReferences(record: RunRecord, options: ReportOptions): ReportData['references'] {
  const given = options.references ?? [];
  const { revision } = record.plan.content;
  const place = (name: string, otherwise = 'none'): string =>
    given.find((reference) => reference.name === name)?.place ?? otherwise;
  const notes = revision.commit === null ? 'none' : `\`seatrial release-notes --version ${revision.version}\``;
  const plan = `plan ${record.plan.planId.slice(0, 12)}, the first event of the journal`;
  return [
    { name: 'Deployment Plan', place: place('Deployment Plan', plan) },
    { name: 'Rollback Plan', place: place('Rollback Plan') },
    ...(record.rollback === null ? [] : [{ name: 'Incident Report', place: place('Incident Report') }]),
    { name: 'Release Notes', place: place('Release Notes', notes) },
    {
      name: 'Journal',
      place: `run ${record.runId} (\`seatrial logs ${record.runId}\`); (#n) is event n of it`,
    },
    ...given.filter(
      (reference) => !['Deployment Plan', 'Rollback Plan', 'Incident Report', 'Release Notes'].includes(reference.name),
    ),
  ];
}

/** Messages may carry what a target said; none of it may act in a terminal or in Markdown. */
function cleanTexts(value: unknown): unknown {
  if (typeof value === 'string') return plainLine(value);
  if (Array.isArray(value)) return value.map(cleanTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cleanTexts(one)]));
}
