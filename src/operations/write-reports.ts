import { join } from 'node:path';
import type { RunRecord } from '../model/run-record.ts';
import { renderReport } from '../report/deployment-report.ts';
import { isIncident, renderIncident, rootCauseHeading } from '../report/incident-report.ts';
import { renderReportPage } from '../report/page/report-page.ts';
import { type ReportOptions, reportData } from '../report/report-data.ts';
import { readTextFile } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import type { Copy } from './copies-of-run.ts';
import type { Place } from './place.ts';
import type { Project } from './project.ts';

export type WrittenReports = { report: string; reportJson: string; reportHtml: string; incident: string | null };

/** Markdown, JSON and page of a run from its record alone, and the incident report where one is due; their paths. Safe to repeat. */
export async function writeReports(place: Place, record: RunRecord, copies: readonly Copy[]): Promise<WrittenReports> {
  const report = reportPath(place.project, record.runId);
  const reportJson = report.replace(/\.md$/, '.json');
  const reportHtml = report.replace(/\.md$/, '.html');
  const options = reportOptions(place, record, copies);
  await writeProjectFile(report, renderReport(record, options));
  await writeProjectFile(reportJson, `${JSON.stringify(reportData(record, options), null, 2)}\n`);
  await writeProjectFile(reportHtml, renderReportPage(record, options));
  return { report, reportJson, reportHtml, incident: await writeIncident(place, record, options) };
}

/** Where the Markdown report of a run lies; JSON and page stand beside it. */
export function reportPath(project: Pick<Project, 'directory'>, runId: string): string {
  return join(project.directory, '.seatrial', 'reports', `${runId}.md`);
}

export function incidentPath(project: Pick<Project, 'directory'>, runId: string): string {
  return reportPath(project, `${runId}-incident`);
}

/** What a report of the run is titled with and refers to: documents that are there, copies among them. */
export function reportOptions(place: Place, record: RunRecord, copies: readonly Copy[]): ReportOptions {
  const { document } = place.spec.rollback;
  const copyOf = (kind: Copy['kind']): string | null => {
    const found = copies.find((copy) => copy.kind === kind && copy.reason === null);
    return found === undefined ? null : found.path;
  };
  const named = (name: string, places: ReadonlyArray<string | null>): Reference[] => {
    const there = places.filter((one) => one !== null);
    return there.length === 0 ? [] : [{ name, place: there.join('; ') }];
  };
  const incident = isIncident(record) ? `.seatrial/reports/${record.runId}-incident.md` : null;
  const notes = `\`seatrial release-notes --version ${record.plan.content.revision.version}\``;
  return {
    projectName: place.project.config.service,
    references: [
      ...named('Deployment Plan', [copyOf('deployment-plan')]),
      ...named('Rollback Plan', [copyOf('rollback-plan'), document ?? null]),
      ...named('Incident Report', [copyOf('incident'), incident]),
      ...named('Release Notes', [copyOf('release-notes') ?? notes]),
    ],
  };
}

type Reference = { name: string; place: string };

/** What people have written from the root cause on stays as it is, whatever is written anew above it. */
async function writeIncident(place: Place, record: RunRecord, options: ReportOptions): Promise<string | null> {
  if (!isIncident(record)) return null;
  const path = incidentPath(place.project, record.runId);
  const fresh = renderIncident(record, options);
  const before = await readTextFile(path);
  await writeProjectFile(path, before === null ? fresh : keepRootCause(fresh, before));
  return path;
}

function keepRootCause(fresh: string, before: string): string {
  const at = before.indexOf(`\n${rootCauseHeading}\n`);
  if (at === -1) return before;
  return fresh.slice(0, fresh.indexOf(`\n${rootCauseHeading}\n`)) + before.slice(at);
}
