import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderReport } from '../report/deployment-report.ts';
import { renderIncident } from '../report/incident-report.ts';
import { renderReportPage } from '../report/page/report-page.ts';
import { renderReleaseNotes } from '../report/release-notes/release-notes.ts';
import { type ReportOptions, reportData } from '../report/report-data.ts';
import { renderStatus } from '../report/status-text.ts';
import { fileExists } from '../system/files.ts';
import { describeCompletion } from './complete-run.ts';
import { type Copy, readCopies } from './copies-of-run.ts';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField, runField, versionField } from './inputs.ts';
import { type CardKind, cardKinds, makeCard } from './make-card.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun, openTrustedProject } from './project.ts';
import { findRun } from './project-memory.ts';
import { gatherNotes } from './release-notes.ts';
import { writePage } from './write-page.ts';
import { incidentPath, reportOptions, reportPath } from './write-reports.ts';

const input = z.object({
  run_id: runField,
  kind: z
    .enum(['report', 'incident', 'completion', 'release-notes', ...cardKinds])
    .default('report')
    .describe('release-notes: of version. deployment-plan and what follows: cards of a run, or of version'),
  version: versionField.optional(),
  environment: environmentField,
  detail: detailField,
  html: z.string().optional().describe('Also write the report as a page to this file').meta({ terminalOnly: true }),
});
type Input = z.output<typeof input>;

export const deployReport = defineOperation({
  name: 'deploy_report',
  title: 'Report on a run',
  description:
    'How a run went, from its record: outcome, evidence, where its files lie. full: the whole report, with "Could not verify". Also incident report, completion of its story, release notes and cards.',
  tool: true,
  effects: 'reads',
  input,
  cli: {
    command: 'report',
    positional: ['run_id'],
    examples: [
      'seatrial report',
      'seatrial report 01j9… --html report.html',
      'seatrial report --kind incident',
      'seatrial report --kind completion',
      'seatrial report --kind pre-deployment-checklist --version 1.4.0',
    ],
  },
  run: async (given, context) => {
    const { kind, version } = given;
    if (given.html !== undefined && context.caller.door === 'mcp') throw refusal('html is for people at a terminal');
    if (kind !== 'report' && given.html !== undefined)
      throw refusal('--html belongs to the report; a card is Markdown');
    if (kind === 'release-notes') return notesAnswer(given, context);
    if (isCard(kind)) return cardAnswer(kind, given, context);
    if (version !== undefined) throw refusal(`--version belongs to cards; name a run (seatrial runs) for the ${kind}`);
    return runAnswer(given, context);
  },
});

function isCard(kind: Input['kind']): kind is CardKind {
  return kind !== 'report' && kind !== 'incident' && kind !== 'completion' && kind !== 'release-notes';
}

function refusal(what: string): DeployError {
  return new DeployError('INPUT_INVALID', {
    name: '`seatrial report`',
    list: `- ${what}.`,
    remedy: 'See `seatrial report --help`.',
  });
}

async function notesAnswer(given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  if (given.run_id !== undefined || given.version === undefined)
    throw refusal('release notes are of a version: name it, and no run');
  const place = openPlace(await openTrustedProject(context), given.environment);
  const { notes, links } = await gatherNotes(place, { version: given.version });
  const markdown = renderReleaseNotes(notes, links);
  return { data: { kind: given.kind, ...notes, markdown }, text: markdown.trimEnd() };
}

async function cardAnswer(kind: CardKind, given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  if (given.version !== undefined && given.run_id !== undefined) throw refusal('name a run or --version, not both');
  const text = await makeCard(
    { kind, environment: given.environment, version: given.version, runId: given.run_id },
    context,
  );
  return { data: { kind, markdown: text }, text: text.trimEnd() };
}

async function runAnswer(given: Input, context: OperationContext): Promise<OperationResult<unknown>> {
  const located = await locateProject(context.projectDirectory);
  const record = await findRun(located, given.run_id, given.environment);
  const project = await openProjectOfRun(located, record.runId);
  const place = openPlace(project, record.plan.content.environment);
  if (given.kind === 'completion') return completionAnswer(place, record);
  const copies = await readCopies(project, record.runId);
  const options = reportOptions(place, record, copies);
  if (given.kind === 'incident') return incidentAnswer(record, options, incidentPath(project, record.runId));
  const path = reportPath(project, record.runId);
  const written = await fileExists(path);
  const where = written ? `Report: ${path} (and .html, .json)` : 'The report is written when the run has ended.';
  const page =
    given.html === undefined
      ? []
      : [`Page: ${await writePage(given.html, renderReportPage(record, options), context.projectDirectory)}`];
  const reader = context.caller.door === 'cli' ? 'person' : 'agent';
  const text =
    given.detail === 'full'
      ? renderReport(record, options)
      : [
          renderStatus(record, { nowMs: context.clock.now(), detail: 'concise', reader }),
          where,
          ...describeCopies(copies),
        ].join('\n');
  return {
    data: { runId: record.runId, path: written ? path : null, copies, report: reportData(record, options) },
    text: [text, ...page].join('\n'),
  };
}

/** Copies that are there, and those that are not, with the reason. */
function describeCopies(copies: readonly Copy[]): string[] {
  const there = copies.filter(({ reason }) => reason === null).map(({ path }) => path);
  return [
    ...(there.length === 0 ? [] : [`Copies: ${there.join(', ')}`]),
    ...copies.flatMap(({ path, reason }) => (reason === null ? [] : [`Not copied: ${path}: ${reason}.`])),
  ];
}

async function completionAnswer(place: Place, record: RunRecord): Promise<OperationResult<unknown>> {
  const { criteria, text, statePath } = await describeCompletion({ place, record, story: undefined });
  return { data: { runId: record.runId, statePath, criteria }, text };
}

async function incidentAnswer(
  record: RunRecord,
  options: ReportOptions,
  path: string,
): Promise<OperationResult<unknown>> {
  if (record.rollback === null)
    throw new DeployError('REPORT_NONE', { runId: record.runId, status: record.outcome ?? record.status });
  const markdown = renderIncident(record, options);
  const written = await fileExists(path);
  const where = written ? [`Kept, with its root cause: ${path}`] : [];
  return {
    data: { runId: record.runId, path: written ? path : null, markdown },
    text: [markdown.trimEnd(), ...where].join('\n\n'),
  };
}
