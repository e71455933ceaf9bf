import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { runFolder } from '../../src/journal/state-folder.ts';
import { isCopyPath } from '../../src/model/config/copies.ts';
import type { RunRecord } from '../../src/model/run-record.ts';
import { copyDocuments } from '../../src/operations/copy-documents.ts';
import { openPlace, type Place } from '../../src/operations/place.ts';
import { openTrustedProject } from '../../src/operations/project.ts';
import { writeReports } from '../../src/operations/write-reports.ts';
import { createLearningsProject, type LearningsProject, projectConfig } from '../fixtures/learnings-project.ts';
import { abortedRun, rolledBackRun, succeededRun } from '../fixtures/run-records.ts';

let project: LearningsProject;
let place: Place;
beforeEach(async () => {
  project = createLearningsProject(`${projectConfig}    copies: {}\n`);
  project.git('init', '-q');
  project.git('add', '-A');
  project.git('commit', '-qm', 'feat: carts');
  await project.trust();
  place = openPlace(await openTrustedProject(project.context()), undefined);
});
afterEach(() => project.remove());

const at = (path: string): string => join(project.directory, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const runId = '01jbx1a2b3c4d5e6f7g8h9j0k2';
/** A run of the commit that is there, with a folder in the state. */
function ofThisCommit(record: RunRecord): RunRecord {
  const commit = project.git('rev-parse', 'HEAD').trim();
  const { plan } = record;
  const revision = { ...plan.content.revision, commit };
  mkdirSync(runFolder(place.project.state, runId).directory, { recursive: true });
  return { ...record, runId, plan: { ...plan, content: { ...plan.content, revision } } };
}
const copy = async (record: RunRecord): Promise<Record<string, string | null>> =>
  Object.fromEntries((await copyDocuments(place, record)).map(({ path, reason }) => [path, reason]));

const all = [
  'docs/deployment/deployment-plan-1.5.0.md',
  'docs/deployment/rollback-plan-1.5.0.md',
  'docs/releases/release-notes-1.5.0.md',
  `docs/incidents/incident-${runId}.md`,
  'docs/deployment/deployment-report-1.5.0.md',
];

describe('copies of what a run leaves behind', () => {
  it('lie under the names that people look for, and the reports refer to them', async () => {
    const record = ofThisCommit(rolledBackRun());
    expect(await copy(record)).toEqual(Object.fromEntries(all.map((path) => [path, null])));
    expect(read('docs/deployment/deployment-plan-1.5.0.md')).toMatch(/^# Deployment Plan\n[\s\S]*\n## Steps\n\n1\. /);
    expect(read('docs/deployment/rollback-plan-1.5.0.md')).toMatch(/^# Rollback Plan\n/);
    expect(read('docs/releases/release-notes-1.5.0.md')).toMatch(/^# Release Notes: shop 1\.5\.0\n[\s\S]*- carts/);
    expect(read(`docs/incidents/incident-${runId}.md`)).toMatch(/^# Incident Report\n[\s\S]*\n## Root Cause\n/);
    const report = read('docs/deployment/deployment-report-1.5.0.md');
    expect(report).toMatch(/^# Production Deployment Report\n/);
    for (const path of all.slice(0, -1)) expect(report).toContain(path);
    const written = await writeReports(place, record, await copyDocuments(place, record));
    const references = JSON.parse(readFileSync(written.reportJson, 'utf8')).references;
    expect(references).toContainEqual({ name: 'Release Notes', place: all[2] });
    expect(readFileSync(written.report, 'utf8').trimEnd()).toBe(report.split('\n<!-- seatrial: copy')[0]?.trimEnd());
  });

  it('are the same when it is done again, and follow the newest run of a version', async () => {
    const record = ofThisCommit(rolledBackRun());
    await copy(record);
    const before = all.map(read);
    expect(Object.values(await copy(record))).toEqual(all.map(() => null));
    expect(all.map(read)).toEqual(before);
    const later = ofThisCommit(succeededRun({ version: '1.5.0' }));
    expect(Object.values(await copy(later))).toEqual([null, null, null, null]);
    expect(read(all[4] ?? '')).toContain('**Status**: SUCCESS');
  });

  it('never replace what people wrote, and the others are written all the same', async () => {
    const record = ofThisCommit(rolledBackRun());
    await copy(record);
    const incident = all[3] ?? '';
    const filled = read(incident).replace('**Cause**: ', '**Cause**: the pool was too small ');
    writeFileSync(at(incident), filled);
    writeFileSync(at(all[2] ?? ''), 'mine\n');
    writeFileSync(at(all[0] ?? ''), read(all[0] ?? '').replaceAll('\n', '\r\n'));
    expect(await copy(record)).toEqual({
      ...Object.fromEntries(all.map((path) => [path, null])),
      [incident]: expect.stringMatching(/changed by people, or is none of ours; it stays/),
      [all[2] ?? '']: expect.stringMatching(/it stays/),
    });
    expect(read(incident)).toBe(filled);
    expect(read(all[2] ?? '')).toBe('mine\n');
    expect(read(all[0] ?? '')).not.toContain('\r');
    expect(read(all[4] ?? '')).toContain('seatrial release-notes --version 1.5.0');
  });

  it('are not written through links or out of the project; the report says what is missing', async () => {
    mkdirSync(join(project.base, 'outside'));
    symlinkSync(join(project.base, 'outside'), at('docs'));
    const told = Object.values(await copy(ofThisCommit(rolledBackRun())));
    expect(told).toEqual(all.map(() => expect.stringContaining('docs is a link')));
    expect(readdirSync(join(project.base, 'outside'))).toEqual([]);
  });

  it('are of what users met: no notes of an aborted run, nothing where nothing is configured', async () => {
    expect(Object.keys(await copy(ofThisCommit(abortedRun())))).toEqual([
      'docs/deployment/deployment-plan-1.7.0.md',
      'docs/deployment/rollback-plan-1.7.0.md',
      'docs/deployment/deployment-report-1.7.0.md',
    ]);
    const { copies: _, ...spec } = place.spec;
    expect(await copyDocuments({ ...place, spec }, ofThisCommit(succeededRun()))).toEqual([]);
    const others = { deployment: './a', incidents: 'b', releases: 'notes/' };
    await copyDocuments({ ...place, spec: { ...spec, copies: others } }, ofThisCommit(succeededRun()));
    expect([existsSync(at('notes/release-notes-1.4.0.md')), readdirSync(at('a')).length]).toEqual([true, 3]);
  });
});

describe('the configuration of copies', () => {
  const mistakesOf = (lines: string): string => {
    try {
      parseConfig(projectConfig + lines);
      return '';
    } catch (thrown) {
      return String(thrown);
    }
  };
  const staging = (lines: string): string => `    copies: { deployment: docs/x }
  staging: { url: "http://127.0.0.1:8081", target: { kind: process, command: [node, x.js] }, ${lines} }
`;

  it.each([
    ['    copies: { deployment: ../docs }\n', 'must be relative to the project and stay inside it'],
    ['    copies: { deployment: .git/hooks }\n', 'must not be a hidden folder'],
    ['    copies: { deployment: docs/.x }\n', 'must not be a hidden folder'],
    ['    copies: { reports: docs }\n', 'unknown key'],
    [
      staging('copies: { deployment: ./docs//x/, incidents: b, releases: c }'),
      'is the folder of environment "production" too',
    ],
    ['    copies: { deployment: docs, incidents: docs }\n', ''],
    [staging('copies: { deployment: a, incidents: b, releases: c }'), ''],
  ])('%j: %s', (lines, wanted) => {
    if (wanted === '') expect(mistakesOf(lines)).toBe('');
    else expect(mistakesOf(lines)).toContain(wanted);
  });

  it('tells which files of the working tree are copies', () => {
    const copies = { deployment: 'docs/deployment/', incidents: './docs/incidents', releases: 'notes' };
    const is = (path: string): boolean => isCopyPath(copies, path);
    expect(is('docs/deployment/deployment-plan-1.4.0.md')).toBe(true);
    expect(is('shop/docs/deployment/deployment-report-1.4.0-rc.1+b.md')).toBe(true);
    expect(is(`docs/incidents/incident-${runId}.md`)).toBe(true);
    expect(is('docs/releases/release-notes-1.4.0.md')).toBe(false);
    expect(is('docs/deployment/deployment-plan-1.4.0.ts')).toBe(false);
    expect(is('docs/deployment/deployment-plan-/x.md')).toBe(false);
    expect(is('src/deployment-plan-1.4.0.md')).toBe(false);
    expect(is('xdocs/deployment/deployment-plan-1.4.0.md')).toBe(false);
  });
});
