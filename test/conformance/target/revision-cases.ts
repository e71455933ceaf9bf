import { expect } from 'vitest';
import type { CaseRun } from './describe-target.ts';
import { codeOf } from './scene.ts';

/** Success is bound to the revision: what was told is not enough, what serves decides. */
export const revisionCases = {
  'read-back': async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    if (scene.place.target.traffic !== undefined) await scene.weigh(candidate, 0);
    const before = await scene.inspect();
    const deaf = await scene.place.faults.deaf();
    try {
      const moved = scene.move({ revision: candidate, weightPercent: 40 }, deaf.target, { deadlineMs: 4000 });
      // Either it was found in time, or time was over while it was still waited for; never a success.
      expect(['TARGET_CHANGED', 'STEP_TIMED_OUT']).toContain(await codeOf(moved));
    } finally {
      await deaf.close();
    }
    expect(await scene.weightOf(candidate)).toBe(0);
    // The way back of such a step: what was decided and not carried out is taken back too.
    if (scene.place.target.traffic !== undefined) await scene.weigh(candidate, 0);
    expect((await scene.inspect()).revisions.length).toBe(before.revisions.length);
    await scene.expectServing(scene.one);
  },
  'wrong-instance': async (scene) => {
    // The files of the revision are there, and what runs of them says that it is another one.
    const liar = scene.next({ headerVersion: scene.one.version });
    const refused = await codeOf(
      (async () => {
        await scene.bring(liar);
        await scene.promote(liar);
      })(),
    );
    const seen = await scene.verify(liar);
    expect(seen.ok, `${refused}: ${seen.reason}`).toBe(false);
    expect(seen.matching).toBe(0);
  },
  'wrong-place': async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    await scene.promote(candidate);
    await scene.expectServing(candidate);
    // Everything was done and read back; then somebody else sends the users elsewhere.
    const other = scene.can('provision') ? scene.one : scene.next();
    await scene.place.faults.meddle(other);
    const seen = await scene.verify(candidate);
    expect(seen.ok, seen.reason).toBe(false);
    expect((await scene.find(candidate))?.weightPercent ?? 0).toBe(0);
  },
} satisfies Record<string, CaseRun>;
