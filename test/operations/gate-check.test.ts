import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { preflightChecks } from '../../src/checks/preflight/list.ts';
import { runFolder } from '../../src/journal/state-folder.ts';
import { exitCode as errorExit } from '../../src/model/error-catalogue.ts';
import { checksOf, criterionIds, gateCheck } from '../../src/operations/gate-check.ts';
import { openPlace } from '../../src/operations/place.ts';
import { openTrustedProject } from '../../src/operations/project.ts';
import { rollbackCriteria, transitionCriteria } from '../../src/report/cards/gate-criteria.ts';
import { namedGates } from '../../src/report/gate-answer.ts';
import { createLearningsProject, type LearningsProject, projectConfig } from '../fixtures/learnings-project.ts';
import { abortedRun, failedRun, rolledBackRun, succeededRun, unverifiedRun } from '../fixtures/run-records.ts';

const evidence = (passes: string[], fails: string[]) =>
  `    gates: { evidence: { ${[...passes.map((name) => `${name}: { command: ["true"] }`), ...fails.map((name) => `${name}: { command: ["false"] }`)].join(', ')} } }\n`;

let project: LearningsProject;
beforeEach(async () => {
  project = createLearningsProject(projectConfig + evidence(['security', 'tests', 'integration'], ['codeReview']));
  project.git('init', '-q');
  project.git('add', '-A');
  project.git('commit', '-qm', 'feat: x');
  project.git('tag', 'v1.0.0');
  await project.trust();
});
afterEach(() => project.remove());

const ask = async (gate: string) =>
  gateCheck.run(gateCheck.input.parse({ gate, version: '1.0.0', detail: 'full' }), project.context());

describe('gate-check', () => {
  it('passes a gate whose every question passed, and asks no other', async () => {
    const { exitCode, text, data } = await ask('security');
    expect(exitCode).toBe(0);
    expect(text).toContain('security');
    expect(data).toMatchObject({ ok: true, version: '1.0.0', checks: [{ id: 'security', status: 'passed' }] });
  });

  it.each([
    ['code-review', ['code-review failed']],
    ['reliability', ['performance skipped', 'staging skipped']],
  ])('stops at %s, where a question failed or was never configured', async (gate, wanted) => {
    const { exitCode, data } = await ask(gate);
    expect(exitCode).toBe(errorExit.gate);
    expect(data).toMatchObject({
      ok: false,
      checks: wanted.map((line) => ({ id: line.split(' ')[0], status: line.split(' ')[1] })),
    });
  });

  it('takes a gate by the name that people write', async () => {
    expect(await ask('Test-Gate')).toMatchObject({
      exitCode: 0,
      data: { checks: [{ id: 'tests' }, { id: 'integration' }] },
    });
  });

  it('says what there is when a name is unknown, before anything is asked', async () => {
    await expect(ask('securty')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('Did you mean security?'),
      remedy: expect.stringMatching(/security, reliability, test, approval, construction\. Checks: config-valid, /),
    });
    await expect(ask('constructor')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('is made of questions that pre-flight asks', async () => {
    const { spec } = openPlace(await openTrustedProject(project.context()), undefined);
    const ids = preflightChecks(spec).map(({ id }) => id);
    const gates = [...Object.keys(namedGates), 'construction'];
    for (const gate of gates) expect(checksOf(gate, ids).filter((id) => !ids.includes(id))).toEqual([]);
    expect(gates.map((gate) => checksOf(gate, ids).length > 0)).toEqual(gates.map(() => true));
  });
});

describe('gate-check of a run', () => {
  const runId = '01jbx1a2b3c4d5e6f7g8h9j0k2';
  const keep = async (name: string): Promise<void> => {
    const { state } = await project.open();
    const folder = runFolder(state, name);
    mkdirSync(folder.directory, { recursive: true });
    cpSync(join(import.meta.dirname, '..', 'fixtures', 'journals', 'v1', 'rolled-back.jsonl'), folder.journal);
  };
  const askRun = (given: Record<string, unknown>) => gateCheck.run(gateCheck.input.parse(given), project.context());

  it('answers every criterion from the record, with the events that say so', async () => {
    await keep(runId);
    const { exitCode, text, data } = await askRun({ gate: 'rollback', run: runId });
    expect(exitCode).toBe(errorExit.gate);
    expect(text).toMatch(/✓ Rollback executed successfully \(passed\): .* \(#\d+.*\) \[rollback-done\]/);
    expect(text).toContain('? Incident declared');
    expect(data).toMatchObject({ ok: false, phase: 'rollback' });
    const one = await askRun({ gate: 'rollback-done' });
    expect(one).toMatchObject({ exitCode: 0, data: { ok: true, criteria: [{ status: 'passed' }] } });
    const transition = await askRun({ gate: 'Transition' });
    expect(transition.text).toMatch(
      /✗ The shipped revision serves all users \(failed\): the run ended as rolled_back \(#\d+\)/,
    );
    expect(transition.exitCode).toBe(errorExit.gate);
  });

  it.each([
    [{ gate: 'transition', version: '1.0.0' }, 'INPUT_INVALID'],
    [{ gate: 'security' }, 'INPUT_INVALID'],
    [{ gate: 'security', version: '1.0.0', run: runId }, 'INPUT_INVALID'],
    [{ gate: 'rollback', run: runId }, 'RUN_UNKNOWN'],
    [{ gate: 'rollback' }, 'RUN_NONE'],
  ])('refuses %j', async (given, code) => {
    await expect(askRun(given)).rejects.toMatchObject({ code });
  });
});

describe('the criteria of a run', () => {
  const runs = {
    good: succeededRun(),
    back: rolledBackRun(),
    failed: failedRun(),
    aborted: abortedRun(),
    open: unverifiedRun(),
  };
  const told = (criteria: ReturnType<typeof transitionCriteria>) =>
    Object.fromEntries(criteria.map(({ id, status }) => [id, status]));

  it('are the same for every run, and cite events of it that exist', () => {
    for (const record of Object.values(runs)) {
      const [after, back] = [transitionCriteria(record), rollbackCriteria(record)];
      expect(after.map(({ id }) => id)).toEqual(criterionIds.transition);
      expect(back.map(({ id }) => id)).toEqual(criterionIds.rollback);
      const seqs = record.events.map(({ seq }) => seq);
      for (const { id, status, events } of [...after, ...back]) {
        expect(events.filter((seq) => !seqs.includes(seq))).toEqual([]);
        if (status !== 'UNVERIFIED') expect(events.length, `${record.runId} ${id}`).toBeGreaterThan(0);
      }
    }
  });

  it('are met only by what was seen', () => {
    expect(told(transitionCriteria(runs.good))).toMatchObject({
      'slos-met': 'PASS',
      'revision-serves': 'PASS',
      'no-alerts': 'UNVERIFIED',
      signoff: 'UNVERIFIED',
    });
    expect(told(transitionCriteria(runs.back))).toMatchObject({ 'slos-met': 'FAIL', 'revision-serves': 'FAIL' });
    expect(told(transitionCriteria(runs.open))).toMatchObject({ 'revision-serves': 'UNVERIFIED' });
    expect(told(transitionCriteria(runs.failed))).toMatchObject({
      'slos-met': 'UNVERIFIED',
      'revision-serves': 'FAIL',
    });
    expect(told(rollbackCriteria(runs.back))).toMatchObject({
      'rollback-done': 'PASS',
      'old-version-serves': 'PASS',
      'incident-declared': 'UNVERIFIED',
    });
    expect(told(rollbackCriteria(runs.good))).toMatchObject({
      'rollback-done': 'UNVERIFIED',
      'rollback-smoke': 'UNVERIFIED',
    });
  });
});
