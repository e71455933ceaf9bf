import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  isNonceUsed,
  listApprovals,
  loadPlan,
  markNonceUsed,
  planIdOf,
  saveApproval,
  savePlan,
} from '../../src/journal/plan-store.ts';
import { type ProjectFolder, projectFolder } from '../../src/journal/state-folder.ts';
import type { Approval } from '../../src/model/plan.ts';
import { createPlan, temporaryDirectory } from './journal-fixtures.ts';

async function project(): Promise<ProjectFolder> {
  return projectFolder(await temporaryDirectory(), '0123456789abcdef');
}

function approval(nonce: string, change: Partial<Approval> = {}): Approval {
  return {
    planId: createPlan().planId,
    environment: 'production',
    scope: 'start',
    by: 'me',
    how: 'terminal',
    client: null,
    nonce: nonce.padEnd(16, '0'),
    givenAtMs: 5,
    expiresAtMs: 6,
    ...change,
  };
}

describe('plans', () => {
  it('are found by id and by a beginning that is long enough and the only one', async () => {
    const folder = await project();
    const plan = createPlan();
    await savePlan(folder, plan);
    await savePlan(folder, createPlan({ service: 'other' }));
    expect(await loadPlan(folder, plan.planId)).toEqual(plan);
    expect(await loadPlan(folder, plan.planId.slice(0, 8).toUpperCase())).toEqual(plan);
    for (const id of [plan.planId.slice(0, 7), 'f'.repeat(64), '', '../../../x', `${plan.planId}0`]) {
      await expect(loadPlan(folder, id)).rejects.toMatchObject({ code: 'PLAN_UNKNOWN' });
    }
    await writeFile(join(folder.plans, `${plan.planId.slice(0, 63)}${plan.planId.endsWith('0') ? '1' : '0'}.json`), '');
    await expect(loadPlan(folder, plan.planId.slice(0, 20))).rejects.toMatchObject({ code: 'PLAN_UNKNOWN' });
    expect(await loadPlan(folder, plan.planId)).toEqual(plan);
  });

  it('have an id that does not depend on the order of keys, and on everything else', () => {
    const { content } = createPlan();
    const reversed = Object.fromEntries(Object.entries(content).reverse());
    expect(planIdOf({ ...content, ...reversed })).toBe(planIdOf(content));
    expect(planIdOf({ ...content, instances: 3 })).not.toBe(planIdOf(content));
  });

  it('that were edited are not taken', async () => {
    const folder = await project();
    const plan = createPlan();
    await savePlan(folder, plan);
    const path = join(folder.plans, `${plan.planId}.json`);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"instances":2', '"instances":9'));
    await expect(loadPlan(folder, plan.planId)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    await expect(savePlan(folder, { ...plan, planId: 'a'.repeat(64) })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('approvals', () => {
  it('are listed per plan, oldest first', async () => {
    const folder = await project();
    const { planId } = createPlan();
    expect(await listApprovals(folder, planId)).toEqual([]);
    await saveApproval(folder, approval('b', { givenAtMs: 7 }));
    await saveApproval(folder, approval('a', { givenAtMs: 6 }));
    await saveApproval(folder, approval('c', { planId: 'e'.repeat(64) }));
    expect((await listApprovals(folder, planId)).map((one) => one.givenAtMs)).toEqual([6, 7]);
    await expect(saveApproval(folder, approval('d', { planId: '../x' }))).rejects.toMatchObject({
      code: 'PLAN_UNKNOWN',
    });
  });

  it('have a nonce that is used once, whoever comes at the same time', async () => {
    const folder = await project();
    expect(await isNonceUsed(folder, '../../nonce')).toBe(false);
    const uses = await Promise.all(
      Array.from({ length: 8 }, (_, index) => markNonceUsed(folder, '../../nonce', { runId: `${index}`, atMs: 5 })),
    );
    expect(uses.filter((first) => first)).toHaveLength(1);
    expect(await markNonceUsed(folder, '../../nonce', { runId: 'later', atMs: 6 })).toBe(false);
    expect(await markNonceUsed(folder, 'another', { runId: 'later', atMs: 6 })).toBe(true);
    expect(await isNonceUsed(folder, '../../nonce')).toBe(true);
  });
});
