import { expect } from 'vitest';
import type { Revision } from '../../../src/model/revision.ts';
import type { DriverCall, DriverOrder, DriverResult } from '../../fixtures/driver-program.ts';
import { startDriver } from '../../fixtures/start-driver.ts';
import type { CaseRun } from './describe-target.ts';
import { clock, type Scene } from './scene.ts';

/** The driver's process is killed in the middle of a step; the same step from another process ends in the right state. */
export const resumeCases = {
  'resume-provision': (scene) =>
    killAndRepeat(scene, {
      prepare: async () => undefined,
      call: (candidate) => ({ name: 'provision', revision: candidate, instances: 2 }),
      check: async (candidate) => {
        const placed = await scene.find(candidate);
        expect(placed).toMatchObject({ role: 'candidate', weightPercent: 0 });
        expect(placed?.instances.map(({ state }) => state)).toEqual(['ready', 'ready']);
        await scene.expectServing(scene.one);
      },
    }),
  'resume-weight': (scene) => {
    const weightPercent = scene.traffic.wholeOnly === true ? 100 : 35;
    return killAndRepeat(scene, {
      prepare: (candidate) => scene.bring(candidate),
      call: (candidate) => ({ name: 'set_weight', revisionId: candidate.id, weightPercent }),
      check: async (candidate) => {
        const weights = [await scene.weightOf(candidate), await scene.weightOf(scene.one)];
        expect(weights).toEqual([weightPercent, 100 - weightPercent]);
      },
    });
  },
  'resume-promote': (scene) =>
    killAndRepeat(scene, {
      prepare: (candidate) => scene.bring(candidate),
      call: (candidate) => ({ name: 'promote', revision: candidate, standbyMs: 0 }),
      check: (candidate) => scene.expectServing(candidate),
    }),
  'resume-retire': (scene) =>
    killAndRepeat(scene, {
      prepare: (candidate) => scene.bring(candidate),
      call: (candidate) => ({ name: 'retire', revisionId: candidate.id }),
      check: async (candidate) => {
        expect(await scene.find(candidate)).toBeUndefined();
        await scene.expectServing(scene.one);
      },
    }),
} satisfies Record<string, CaseRun>;

type Killing = {
  prepare(candidate: Revision): Promise<void>;
  call(candidate: Revision): DriverCall;
  check(candidate: Revision): Promise<void>;
};

/** Parts of the time that the step takes when nobody disturbs it. */
const moments = [0.1, 0.4, 0.8];

async function killAndRepeat(scene: Scene, { prepare, call, check }: Killing): Promise<void> {
  const first = scene.next();
  await prepare(first);
  const undisturbed = await finish(scene, call(first));
  if (!undisturbed.ok) throw new Error(`${undisturbed.code}: ${undisturbed.text}`);
  await check(first);
  for (const [index, part] of moments.entries()) {
    await scene.settle();
    const candidate = scene.next();
    await prepare(candidate);
    const driver = await startDriver(orderOf(scene, call(candidate)));
    await driver.begun;
    await clock.sleep(part * undisturbed.tookMs);
    // Alone, or together with the program that it had started, as when a whole group is killed.
    await driver.kill(index % 2 === 0 ? [] : scene.place.programs);
    expect(await finish(scene, call(candidate)), `killed after ${part} of the step`).toMatchObject({ ok: true });
    await check(candidate);
  }
}

async function finish(scene: Scene, call: DriverCall): Promise<DriverResult> {
  const result = await (await startDriver(orderOf(scene, call))).result;
  if (result === null) throw new Error('the driver ended without a word');
  return result;
}

function orderOf(scene: Scene, call: DriverCall): DriverOrder {
  return { place: scene.place.driver, call, fence: scene.fence, way: 'forward', deadlineMs: 60_000, uid: null };
}
