import { z } from 'zod';
import { runSmoke } from '../checks/smoke/run-smoke.ts';
import { exitCode } from '../model/error-catalogue.ts';
import { renderChecks } from '../report/preflight-text.ts';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField } from './inputs.ts';
import { openPlace, stableOf } from './place.ts';
import { loadServiceEnvironment } from './program-environment.ts';
import { openTrustedProject } from './project.ts';

export const smokeTest = defineOperation({
  name: 'smoke_test',
  title: 'Run the smoke tests',
  description: 'Runs the configured smoke checks against what serves the environment now.',
  tool: true,
  effects: 'reads',
  input: z.object({ environment: environmentField, detail: detailField }),
  cli: {
    command: 'smoke',
    positional: [],
    examples: ['seatrial smoke', 'seatrial smoke --environment staging --json'],
  },
  run: async (input, context) => {
    const { clock, signal } = context;
    const place = openPlace(await openTrustedProject(context), input.environment);
    const state = await place.target.inspect(signal).catch(() => null);
    const version = stableOf(state)?.version ?? 'unknown';
    const checks = await runSmoke({
      smoke: place.spec.smoke,
      on: 'environment',
      baseUrl: place.spec.url,
      version,
      projectDirectory: place.project.directory,
      environmentEnv: await loadServiceEnvironment(place),
      signal,
      clock,
    });
    const ok = checks.length > 0 && checks.every((check) => check.status === 'passed');
    const text = `Smoke tests of ${place.name} (${version}) at ${place.spec.url}\n${renderChecks(checks, { detail: input.detail })}`;
    return { data: { ok, environment: place.name, version, checks }, text, exitCode: ok ? exitCode.ok : exitCode.gate };
  },
});
