import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { preflightChecks } from '../../src/checks/preflight/list.ts';
import { exitCode as errorExit } from '../../src/model/error-catalogue.ts';
import { checksOf, gateCheck } from '../../src/operations/gate-check.ts';
import { openPlace } from '../../src/operations/place.ts';
import { openTrustedProject } from '../../src/operations/project.ts';
import { namedGates } from '../../src/report/cards/gate-criteria.ts';
import { createLearningsProject, type LearningsProject, projectConfig } from '../fixtures/learnings-project.ts';

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
    ['test', ['tests passed', 'code-review failed', 'integration passed']],
    ['Test-Gate', ['tests passed', 'code-review failed', 'integration passed']],
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
