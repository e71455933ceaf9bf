import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { bundle, createScratch, type Scratch } from './scratch-project.ts';

let scratch: Scratch;
afterEach(() => scratch.close(), 60_000);

it('a supervisor that is ready only when its caller has given up changes nothing, and lets the target go', async () => {
  scratch = await createScratch();
  scratch.writeConfig({ approval: '{ how: none }' });
  scratch.release({ version: '1.0.0' });
  const { planId } = JSON.parse(scratch.cli(['plan', '1.0.0', '--json']).stdout).data;
  const projects = join(scratch.stateHome, 'projects');
  const runId = '01m8qc54reempcy02vb1c3r52t';
  const folder = join(projects, readdirSync(projects)[0] ?? '', 'runs', runId);
  mkdirSync(folder, { recursive: true });
  const request = {
    runId,
    planId,
    environment: 'production',
    revisionId: 'x',
    projectDirectory: scratch.directory,
    requester: 't',
    atMs: Date.now(),
  };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request));
  const told = { ok: false, code: 'RUN_NOT_STARTED', details: { seconds: 15, log: 'x' } };
  writeFileSync(join(folder, 'start.json'), JSON.stringify(told));
  execFileSync(process.execPath, [bundle, 'supervise', 'start', scratch.directory, runId], {
    cwd: scratch.directory,
    env: scratch.env,
    timeout: 60_000,
  });
  const lines = scratch.journal(runId).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).type)).toEqual(['run_started', 'owner_acquired', 'run_ended']);
  expect(lines.at(-1)).toMatch(/"outcome":"aborted".*had been told that it did not start/);
  expect(scratch.processes()).toEqual([]);
  // Nobody has the target: the next one starts.
  expect(scratch.cli(['ship', '1.0.0', '--yes'])).toMatchObject({ code: 0 });
}, 120_000);
