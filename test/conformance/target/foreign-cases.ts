import { expect } from 'vitest';
import type { CaseRun } from './describe-target.ts';
import { codeOf } from './scene.ts';

/** Others have their hands on the same engine. */
export const foreignCases = {
  'foreign-restart': async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    if (scene.place.target.traffic !== undefined) await scene.move({ revision: candidate, weightPercent: 40 });
    const before = await scene.inspect();
    const shares = before.revisions.map(({ revision, role, weightPercent }) => [revision.id, role, weightPercent]);
    await scene.place.faults.restart();
    const after = await scene.inspect();
    expect(after.revisions.map(({ revision, role, weightPercent }) => [revision.id, role, weightPercent])).toEqual(
      shares,
    );
    expect([after.up, after.token]).toEqual([true, before.token]);
    await scene.move({ revision: candidate, weightPercent: 60 });
    expect(await scene.weightOf(candidate)).toBe(
      scene.place.target.traffic === undefined || scene.traffic.wholeOnly === true ? 100 : 60,
    );
    await scene.settle();
    await scene.expectServing(scene.one);
  },
  'foreign-change': async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    if (scene.place.target.traffic !== undefined && scene.traffic.wholeOnly !== true) await scene.weigh(candidate, 10);
    const before = await scene.inspect();
    await scene.place.faults.meddle(candidate);
    const seen = await scene.inspect();
    expect(seen.token).not.toBe(before.token);
    const told = seen.revisions.find(({ weightPercent }) => weightPercent === 100)?.revision;
    expect(told?.commit ?? told?.id).toBe(candidate.commit ?? candidate.id);
    expect((await scene.verify(scene.one)).ok).toBe(false);
    if (scene.place.target.traffic !== undefined && scene.traffic.wholeOnly !== true) {
      await scene.weigh(candidate, 20);
      expect([await scene.weightOf(candidate), await scene.weightOf(scene.one)]).toEqual([20, 80]);
    }
    await scene.settle();
    await scene.expectServing(scene.one);
  },
  fence: async (scene) => {
    const before = scene.fence;
    scene.fence = before + 6;
    await scene.promote(scene.one);
    expect((await scene.inspect()).fence).toBe(scene.fence);
    const candidate = scene.next();
    await scene.bring(candidate);
    const late = { fence: scene.fence - 1 };
    expect(await codeOf(scene.promote(candidate, late))).toBe('TARGET_FENCED');
    if (scene.can('provision')) expect(await codeOf(scene.bring(scene.next(), late))).toBe('TARGET_FENCED');
    if (scene.place.target.traffic !== undefined)
      expect(await codeOf(scene.weigh(candidate, 100, late))).toBe('TARGET_FENCED');
    await scene.expectServing(scene.one);
  },
} satisfies Record<string, CaseRun>;
