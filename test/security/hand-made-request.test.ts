import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createScratch, type Scratch } from '../e2e/scratch-project.ts';
import { proofCount, recordProof } from '../faults/record-proof.ts';

const planSchema = z.object({
  content: z.object({ environment: z.string(), revision: z.object({ id: z.string() }) }),
});
const answerSchema = z.object({ ok: z.boolean(), code: z.string().optional() });

/** Whoever has a shell can write what `rollout_start` writes, and start what it starts: what it checked is checked again by the owner. */
describe('a start request that was written by hand', { timeout: 120_000 }, () => {
  let scratch: Scratch;
  let planId = '';
  let tried = 0;
  const accepted: string[] = [];

  beforeAll(async () => {
    scratch = await createScratch();
    scratch.release({ version: '1.0.0' });
    planId = JSON.parse(scratch.cli(['plan', '1.0.0', '--json']).stdout).data.planId;
  }, 120_000);
  afterAll(async () => {
    recordProof({
      promise: 'forgeries',
      what: 'requests of a start written by hand and handed to a supervisor, past every tool: refused under the lock, with the reason, and nothing is started',
      tried,
      wrong: accepted.length,
      seed: null,
    });
    await scratch.close();
  }, 120_000);

  /** Code of the refusal; null when the run began. */
  const startByHand = (runId: string, changes: Record<string, unknown> = {}): string | null => {
    const projects = join(scratch.stateHome, 'projects');
    const project = join(projects, readdirSync(projects)[0] ?? '');
    const { content } = planSchema.parse(JSON.parse(readFileSync(join(project, 'plans', `${planId}.json`), 'utf8')));
    const folder = join(project, 'runs', runId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const asked = { runId, planId, environment: content.environment, revisionId: content.revision.id };
    const by = { projectDirectory: scratch.directory, requester: 'somebody', atMs: Date.now() };
    writeFileSync(join(folder, 'request.json'), JSON.stringify({ ...asked, ...by, ...changes }), { mode: 0o600 });
    scratch.cli(['supervise', 'start', scratch.directory, runId], { timeoutMs: 60_000 });
    const { ok, code } = answerSchema.parse(JSON.parse(readFileSync(join(folder, 'start.json'), 'utf8')));
    tried += 1;
    if (ok) accepted.push(runId);
    return ok ? null : (code ?? '');
  };
  const nothingRuns = (): void =>
    expect(scratch.processes().filter(({ command }) => /server\.mjs|host-daemon/.test(command))).toEqual([]);

  it('is refused where nobody approved', () => {
    for (let round = 0; round < proofCount({ quick: 1, full: 10 }); round += 1)
      expect(startByHand(`01k9q00000000000000000010${round}`)).toBe('APPROVAL_REQUIRED');
    nothingRuns();
  });

  it('is refused when it is old, and when the world has changed since the plan', () => {
    expect(startByHand('01k9q0000000000000000002aa', { atMs: Date.now() - 60_000 })).toBe('RUN_NOT_STARTED');
    scratch.writeConfig({ approval: '{ how: none }' });
    expect(startByHand('01k9q0000000000000000003aa')).toBe('PLAN_CHANGED');
    nothingRuns();
  });
});
