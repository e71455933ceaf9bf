import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { describe, expect, it } from 'vitest';
import { encodeLine, noLineBefore } from '../../src/journal/journal-line.ts';
import { markNonceUsed, saveApproval, savePlan } from '../../src/journal/plan-store.ts';
import { listRuns, type ProjectFolder, projectFolder, runFolder } from '../../src/journal/state-folder.ts';
import { retentionSchema } from '../../src/model/config/retention.ts';
import type { Outcome, RunEvent } from '../../src/model/run-event.ts';
import { saveReviewAcknowledgement } from '../../src/operations/project-memory.ts';
import { retireOldRuns } from '../../src/operations/retire-old-runs.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';
import { createPlan, temporaryDirectory } from '../journal/journal-fixtures.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 30);
const clock = createVirtualClock(nowMs);
const limits = retentionSchema.parse({});

type Shape = {
  ageDays: number;
  outcome?: Outcome | null;
  environment?: string;
  reviewed?: boolean;
  kind?: 'rollout' | 'rollback';
  planExpiresAtMs?: number;
  approvalExpiresAtMs?: number;
  version?: number;
  /** Attempt number, which makes plans differ. */
  attempt: number;
};

async function layRun(state: ProjectFolder, shape: Shape): Promise<{ runId: string; planId: string }> {
  const { ageDays, outcome = 'succeeded', environment = 'production', reviewed = true, kind = 'rollout' } = shape;
  const at = nowMs - ageDays * dayMs;
  const runId = ulid(at).toLowerCase();
  const plan = {
    ...createPlan({ environment, kind, attempt: shape.attempt }),
    createdAtMs: at,
    expiresAtMs: shape.planExpiresAtMs ?? at + dayMs / 2,
  };
  const folder = runFolder(state, runId);
  await mkdir(folder.inbox, { recursive: true, mode: 0o700 });
  const events: RunEvent[] = [{ type: 'run_started', data: { plan, requester: 'tester', dryRun: false } }];
  if (outcome !== null) events.push({ type: 'run_ended', data: { outcome, reason: 'x', error: null } });
  let prev = noLineBefore;
  const texts = events.map((event, seq) => {
    const line = encodeLine({
      seq,
      prev,
      run: runId,
      gen: 1,
      ts: at + seq,
      mono: 1,
      boot: 'b',
      step: null,
      idem: null,
      event,
    });
    prev = line.sum;
    return line.text;
  });
  await writeFile(folder.journal, texts.join(''));
  await savePlan(state, plan);
  await writeFile(join(state.plans, `${plan.planId}.run`), runId);
  const nonce = `nonce-of-${runId}`;
  const expiresAtMs = shape.approvalExpiresAtMs ?? at + 3_600_000;
  await saveApproval(state, {
    planId: plan.planId,
    environment,
    scope: 'start',
    by: 'ada',
    how: 'terminal',
    client: null,
    nonce,
    givenAtMs: at,
    expiresAtMs,
  });
  await markNonceUsed(state, nonce, { runId, atMs: at });
  if (reviewed && kind === 'rollout')
    await writeFile(join(state.directory, 'reviews', `${runId}.json`), JSON.stringify({ runId, by: 'ada', atMs: at }));
  return { runId, planId: plan.planId };
}

async function createState(): Promise<ProjectFolder> {
  const state = projectFolder(await temporaryDirectory(), '0123456789abcdef');
  await mkdir(join(state.directory, 'reviews'), { recursive: true, mode: 0o700 });
  return state;
}

const namesIn = async (path: string): Promise<string[]> => readdir(path).catch(() => []);

describe('runs that are over', () => {
  it('go when there are too many of them, with their plans, approvals and nonces; the others keep all of it', async () => {
    const state = await createState();
    const laid = [];
    for (let index = 0; index < 60; index += 1) laid.push(await layRun(state, { ageDays: 90 - index, attempt: index }));
    const retirement = await retireOldRuns({ state }, { limits: { ...limits, runs: 25 }, clock });
    expect(retirement.removed).toHaveLength(35);
    expect(retirement.kept).toEqual([]);
    const left = laid.slice(35);
    expect(await listRuns(state)).toEqual(left.map(({ runId }) => runId).reverse());
    expect((await namesIn(state.plans)).sort()).toEqual(
      left.flatMap(({ planId }) => [`${planId}.json`, `${planId}.run`]).sort(),
    );
    expect((await namesIn(join(state.approvals, 'used'))).length).toBe(25);
    expect((await namesIn(state.approvals)).length).toBe(26);
    expect(await namesIn(state.runs)).toHaveLength(25);
    expect(await retireOldRuns({ state }, { limits: { ...limits, runs: 25 }, clock })).toEqual({
      removed: [],
      kept: [],
    });
  });

  it('go when they are too old', async () => {
    const state = await createState();
    const old = await layRun(state, { ageDays: 181, attempt: 1, outcome: 'rolled_back' });
    const older = await layRun(state, { ageDays: 300, attempt: 2 });
    const young = await layRun(state, { ageDays: 179, attempt: 3 });
    expect((await retireOldRuns({ state }, { limits, clock })).removed.sort()).toEqual([old.runId, older.runId].sort());
    expect(await listRuns(state)).toEqual([young.runId]);
  });
});

describe('what stays however old it is', () => {
  it.each<[string, Omit<Shape, 'ageDays' | 'attempt'>, RegExp]>([
    ['a run that is not over', { outcome: null }, /not over/],
    ['a run whose rollback failed', { outcome: 'rollback_failed' }, /rollback failed/],
    ['a run whose review is open', { outcome: 'rolled_back', reviewed: false }, /review is open/],
    ['the newest success of another environment', { environment: 'staging' }, /newest success of staging/],
    ['a run whose plan could still be started', { planExpiresAtMs: nowMs + 1 }, /plan has not expired/],
    [
      'a run whose approval could be used again',
      { approvalExpiresAtMs: nowMs + 1 },
      /approval of its plan has not expired/,
    ],
  ])('%s', async (_, shape, why) => {
    const state = await createState();
    const kept = await layRun(state, { ageDays: 400, attempt: 1, ...shape });
    const gone = await layRun(state, { ageDays: 390, attempt: 2 });
    const newest = await layRun(state, { ageDays: 1, attempt: 3 });
    const retirement = await retireOldRuns({ state }, { limits: { ...limits, runs: 1 }, clock });
    expect(retirement.removed).toEqual([gone.runId]);
    expect(retirement.kept).toEqual([{ runId: kept.runId, why: expect.stringMatching(why) }]);
    expect(await listRuns(state)).toEqual([newest.runId, kept.runId]);
  });

  it('the newest success of its environment, behind many failures; an older one goes', async () => {
    const state = await createState();
    const older = await layRun(state, { ageDays: 300, attempt: 1 });
    const success = await layRun(state, { ageDays: 250, attempt: 2 });
    for (let index = 0; index < 30; index += 1)
      await layRun(state, { ageDays: 30 - index / 2, attempt: 10 + index, outcome: 'rolled_back' });
    const retirement = await retireOldRuns({ state }, { limits, clock });
    expect(retirement.removed).toEqual([older.runId]);
    expect(retirement.kept).toEqual([{ runId: success.runId, why: 'it is the newest success of production' }]);
  });

  it('a run that cannot be read, and a run that began a moment ago', async () => {
    const state = await createState();
    const broken = await layRun(state, { ageDays: 400, attempt: 1 });
    await writeFile(runFolder(state, broken.runId).journal, 'nothing of a journal\n');
    const moment = await layRun(state, { ageDays: 0.01, attempt: 2, outcome: 'failed' });
    await layRun(state, { ageDays: 0, attempt: 3 });
    const retirement = await retireOldRuns({ state }, { limits: { ...limits, runs: 1 }, clock });
    expect(retirement.removed).toEqual([]);
    expect(retirement.kept.map(({ runId }) => runId)).toEqual([moment.runId, broken.runId]);
  });

  it('what a death in the middle of it left is taken away the next time', async () => {
    const state = await createState();
    await layRun(state, { ageDays: 1, attempt: 1 });
    await mkdir(join(state.runs, '.retired-01k9q0000000000000000000ab', 'inbox'), { recursive: true });
    await retireOldRuns({ state }, { limits, clock });
    expect(await namesIn(state.runs)).toHaveLength(1);
  });

  it('an acknowledgement is what closes a review', async () => {
    const state = await createState();
    const open = await layRun(state, { ageDays: 400, attempt: 1, outcome: 'failed', reviewed: false });
    await layRun(state, { ageDays: 1, attempt: 2 });
    expect((await retireOldRuns({ state }, { limits, clock })).removed).toEqual([]);
    await saveReviewAcknowledgement({ state }, { runId: open.runId, by: 'ada', atMs: nowMs });
    expect((await retireOldRuns({ state }, { limits, clock })).removed).toEqual([open.runId]);
  });
});
