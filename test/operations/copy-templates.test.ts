import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { init } from '../../src/operations/init.ts';
import { renderDeploymentPlanCard } from '../../src/report/cards/deployment-plan-card.ts';
import { renderGateCriteriaCard } from '../../src/report/cards/gate-criteria-card.ts';
import { renderPreDeploymentChecklist } from '../../src/report/cards/pre-deployment-checklist.ts';
import { renderRollbackPlanCard } from '../../src/report/cards/rollback-plan-card.ts';
import { renderSloCard } from '../../src/report/cards/slo-card.ts';
import { renderSmokeChecklist } from '../../src/report/cards/smoke-checklist.ts';
import { renderUseCaseTestCard } from '../../src/report/cards/use-case-test-card.ts';
import { renderReport } from '../../src/report/deployment-report.ts';
import { renderIncident } from '../../src/report/incident-report.ts';
import { renderReviewDraft } from '../../src/report/review-draft.ts';
import {
  createLearningsProject,
  dayEntry,
  type LearningsProject,
  projectConfig,
} from '../fixtures/learnings-project.ts';
import { planOf, rolledBackRun } from '../fixtures/run-records.ts';

const templates = join(import.meta.dirname, '..', '..', 'templates');
const blank = (name: string): string => readFileSync(join(templates, `${name}.md`), 'utf8');
const headingsOf = (text: string): string[] =>
  text.split('\n').flatMap((line) => (/^##? /.test(line) ? [line.replace(/(UC-01): .*/, '$1')] : []));

const { environments } = parseConfig(`${projectConfig}    smoke: [{ name: pay, request: { path: / } }]\n`).config;
const spec = environments['production'];
if (spec === undefined) throw new Error('the fixture has no production');
const input = { project: 'shop', environment: 'production', spec, plan: planOf(), checks: [], record: null };

const rendered: Readonly<Record<string, string>> = {
  'deployment-plan': renderDeploymentPlanCard(input),
  'deployment-report': renderReport(rolledBackRun()),
  'gate-criteria': renderGateCriteriaCard(input),
  'incident-report': renderIncident(rolledBackRun()),
  'pre-deployment-checklist': renderPreDeploymentChecklist(input),
  review: renderReviewDraft(rolledBackRun(), dayEntry(1), []),
  'rollback-plan': renderRollbackPlanCard(input),
  'slo-card': renderSloCard(input),
  'smoke-checklist': renderSmokeChecklist(input),
  'use-case-test': renderUseCaseTestCard(input),
};

describe('the blank cards', () => {
  it('are those that can be rendered, and no others', () => {
    expect(readdirSync(templates).sort()).toEqual(
      Object.keys(rendered)
        .map((name) => `${name}.md`)
        .sort(),
    );
  });

  it.each(Object.keys(rendered))('have the headings of the card: %s', (name) => {
    expect(headingsOf(blank(name)).length).toBeGreaterThan(1);
    expect(headingsOf(blank(name))).toEqual(headingsOf(rendered[name] ?? ''));
  });
});

describe('the blank report', () => {
  const fieldsOf = (text: string): string[] =>
    text
      .split('\n')
      .flatMap((line) => /^(?:### .*|\*\*[^*]+\*\*:|(?: {3})?- [A-Z][\w ()/-]*:|1\. Issue:)/.exec(line) ?? []);
  const template = fieldsOf(blank('deployment-report'));

  it.each(['canary', 'blue-green', 'rolling', 'direct'])(
    'has every heading and field of the report: %s',
    (strategy) => {
      const report = renderReport(rolledBackRun({ strategy }));
      // What is found is listed under these, in words of its own.
      const listed =
        /\n\*\*(What Went Well|Process Improvements)\*\*[\s\S]*?(?=\n## )|\n## Could not verify[\s\S]*?(?=\n## )/g;
      const fields = fieldsOf(report.replace(listed, ''));
      expect(fields.length).toBeGreaterThan(70);
      expect(fields.filter((field) => !template.includes(field) && !/^- Canary \d/.test(field))).toEqual([]);
    },
  );

  it('has none that no report has', () => {
    const all = ['canary', 'blue-green', 'rolling', 'direct'].flatMap((strategy) =>
      fieldsOf(renderReport(rolledBackRun({ strategy }))),
    );
    expect(template.filter((field) => !all.includes(field))).toEqual([]);
  });
});

describe('init --templates', () => {
  let project: LearningsProject;
  beforeEach(() => {
    project = createLearningsProject();
  });
  afterEach(() => project.remove());
  const run = (given: Record<string, unknown> = { templates: true }) =>
    init.run(init.input.parse(given), project.context());
  const place = (name: string): string => join(project.directory, 'docs', 'deployment', name);

  it('copies what is missing, leaves what is there, and says which', async () => {
    mkdirSync(place(''), { recursive: true });
    writeFileSync(place('review.md'), 'mine');
    await project.trust();
    const { text, exitCode } = await run();
    expect(exitCode ?? 0).toBe(0);
    expect(text).toContain('  · docs/deployment/rollback-plan.md');
    expect(text).toContain('There already, left as they are:\n  · docs/deployment/review.md');
    expect(readFileSync(place('review.md'), 'utf8')).toBe('mine');
    expect(readFileSync(place('slo-card.md'), 'utf8')).toBe(blank('slo-card'));
    expect(statSync(place('slo-card.md')).mode & 0o777).toBe(0o644);
    expect((await run()).text).toContain('No blank card was missing.');
  });

  it('goes with a first configuration, and copies nothing unasked', async () => {
    rmSync(join(project.directory, 'seatrial.yaml'));
    expect((await run({})).text).not.toContain('blank cards');
    expect(existsSync(place('review.md'))).toBe(false);
    rmSync(join(project.directory, 'seatrial.yaml'));
    expect((await run()).text).toMatch(/^Wrote .*seatrial\.yaml\n[\s\S]*Wrote blank cards:/);
    expect(existsSync(place('review.md'))).toBe(true);
  });

  it('adds nothing to a project that nobody trusts, and nothing through a link', async () => {
    await expect(run()).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    await project.trust();
    mkdirSync(join(project.base, 'outside'));
    symlinkSync(join(project.base, 'outside'), join(project.directory, 'docs'));
    await expect(run()).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    expect(readdirSync(join(project.base, 'outside'))).toEqual([]);
  });
});
