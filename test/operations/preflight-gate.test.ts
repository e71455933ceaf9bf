import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCode as errorExit } from '../../src/model/error-catalogue.ts';
import { gateCheck } from '../../src/operations/gate-check.ts';
import { preflight } from '../../src/operations/preflight.ts';
import { createLearningsProject, type LearningsProject, projectConfig } from '../fixtures/learnings-project.ts';

let project: LearningsProject;
beforeEach(async () => {
  const evidence = '{ security: { command: ["true"] }, tests: { command: ["false"] } }';
  project = createLearningsProject(`${projectConfig}    gates: { evidence: ${evidence} }\n`);
  project.git('init', '-q');
  project.git('add', '-A');
  project.git('commit', '-qm', 'feat: x');
  project.git('tag', 'v1.0.0');
  await project.trust();
});
afterEach(() => project.remove());

describe('preflight with a gate', () => {
  it.each(['security', 'test', 'Construction'])('asks the questions of %s, as gate-check does', async (gate) => {
    const asked = preflight.input.parse({ gate, version: '1.0.0' });
    const { data, exitCode } = await preflight.run(asked, project.context());
    const own = await gateCheck.run(gateCheck.input.parse({ gate, version: '1.0.0' }), project.context());
    const states = (answer: unknown): unknown =>
      JSON.parse(JSON.stringify(answer), (key, value) => (/Ms$/.test(key) ? 0 : value));
    expect([exitCode, states(data)]).toEqual([own.exitCode, states(own.data)]);
    expect(exitCode).toBe(gate === 'security' ? 0 : errorExit.gate);
  });

  it('says what there is when a name is unknown, and does not pass', async () => {
    const { text, exitCode } = await preflight.run(
      preflight.input.parse({ gate: 'securty', version: '1.0.0' }),
      project.context(),
    );
    expect([exitCode, text]).toEqual([
      errorExit.gate,
      expect.stringMatching(/^There is no check "securty".*construction/),
    ]);
  });
});
