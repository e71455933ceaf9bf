import { expect } from 'vitest';
import type { StrategySpec } from '../../../src/model/config/strategy.ts';
import { lackNotes } from '../../../src/operations/capabilities.ts';
import type { Need } from './case-list.ts';
import { codeOf, type Scene } from './scene.ts';

/** The first thing needed that the target cannot do. */
export async function lackOf(scene: Scene, needs: readonly Need[]): Promise<Need | null> {
  const { traffic, batches, provision, drain, retire, standby } = await scene.capabilities();
  const has: Record<Need, boolean> = {
    provision,
    shares: traffic === 'shares',
    traffic: traffic !== 'none',
    drain,
    retire,
    standby,
    batches,
  };
  return needs.find((need) => !has[need]) ?? null;
}

/** What a target cannot do is refused: when it is asked for, and before that when planning, with what would work. Returns both in words. */
export function expectRefused(scene: Scene, lack: Need): Promise<string> {
  return refusals[lack](scene);
}

const refusals: Record<Need, (scene: Scene) => Promise<string>> = {
  provision: async (scene) => {
    const call = scene.place.target.provision({ revision: scene.next(), instances: 1 }, scene.act());
    expect(await codeOf(call)).toBe('TARGET_REFUSED');
    const remedy = await expectNoPlan(scene, 'canary', /cannot start the candidate/);
    await expectNoPlan(scene, 'blue-green', /cannot start the candidate/);
    return `cannot start a revision beside the stable one; ${remedy}`;
  },
  shares: async (scene) => {
    if (scene.place.target.traffic !== undefined) {
      const candidate = scene.next();
      await scene.bring(candidate);
      expect(await codeOf(scene.weigh(candidate, 25))).toBe('TARGET_REFUSED');
      expect(await scene.weightOf(candidate)).toBe(0);
    }
    return `cannot split traffic; ${await expectNoPlan(scene, 'canary', /cannot split traffic/)}`;
  },
  traffic: async (scene) =>
    `cannot switch traffic; ${await expectNoPlan(scene, 'blue-green', /cannot switch traffic/)}`,
  standby: async (scene) => {
    const call = scene.place.target.promote({ revision: scene.one, standbyMs: 60_000 }, scene.act());
    expect(await codeOf(call)).toBe('TARGET_REFUSED');
    return `cannot keep a standby; ${await expectNoPlan(scene, 'blue-green', /cannot keep a standby/)}`;
  },
  batches: async (scene) =>
    `cannot replace instances; ${await expectNoPlan(scene, 'rolling', /cannot replace instances/)}`,
  drain: async (scene) => {
    const { traffic } = scene.place.target;
    if (traffic !== undefined) {
      const candidate = scene.next();
      await scene.bring(candidate);
      const call = traffic.drain({ revisionId: candidate.id, deadlineMs: 100 }, scene.act());
      expect(await codeOf(call)).toBe('TARGET_REFUSED');
      const notes = lackNotes(await scene.capabilities(), scene.one);
      expect(notes).toContainEqual(expect.stringMatching(/cannot drain/));
    }
    await expectPlanWithout(scene, 'drain');
    return 'cannot drain; no plan has such a step, and the plan says so';
  },
  retire: async (scene) => {
    if (scene.can('provision')) {
      const candidate = scene.next();
      await scene.bring(candidate);
      const call = scene.place.target.retire({ revisionId: candidate.id }, scene.act());
      expect(await codeOf(call)).toBe('TARGET_REFUSED');
      expect(await scene.find(candidate)).toBeDefined();
    }
    expect(lackNotes(await scene.capabilities(), scene.one)).toContainEqual(expect.stringMatching(/cannot retire/));
    await expectPlanWithout(scene, 'retire');
    return 'cannot retire; no plan has such a step, and the plan says so';
  },
};

/** Returns what would work instead. */
async function expectNoPlan(scene: Scene, kind: StrategySpec['kind'], reason: RegExp): Promise<string> {
  const planned = await scene.plan(kind, scene.next());
  expect(planned).toMatchObject({ ok: false, reasons: expect.arrayContaining([expect.stringMatching(reason)]) });
  if (planned.ok) return '';
  expect(planned.remedy.length).toBeGreaterThan(10);
  return planned.remedy;
}

async function expectPlanWithout(scene: Scene, kind: 'drain' | 'retire'): Promise<void> {
  const planned = await scene.plan('direct', scene.next());
  expect(planned.ok && planned.steps.every((step) => step.kind !== kind)).toBe(true);
}
