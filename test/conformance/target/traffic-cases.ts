import { expect } from 'vitest';
import { seededRandom } from '../../analysis/seeded-random.ts';
import { startUsers } from '../../fixtures/users.ts';
import type { CaseRun } from './describe-target.ts';
import { codeOf, essence, type Scene } from './scene.ts';

/** How users are moved, and roles with them. */
export const trafficCases = {
  promote: async (scene) => {
    const [candidate, { target }] = [scene.next(), scene.place];
    await scene.bring(candidate, {}, 2);
    const users = startUsers(target.url);
    await scene.promote(candidate);
    await scene.expectServing(candidate);
    const failures = await users.stop();
    // What replaces its only instance in place cannot serve in between.
    if (scene.can('provision')) expect(failures).toEqual([]);
    const before = essence(await scene.inspect());
    await scene.promote(candidate);
    expect(essence(await scene.inspect())).toEqual(before);
    expect(await scene.inspect()).toMatchObject({ up: true });
    const former = await scene.find(scene.one);
    // What replaces its revisions in place has none that stands by.
    if (scene.can('provision')) expect(former).toMatchObject({ role: 'standby', weightPercent: 0 });
    else expect(former).toBeUndefined();
  },
  standby: async (scene) => {
    const [candidate, { target }] = [scene.next(), scene.place];
    await scene.bring(candidate);
    await target.promote({ revision: candidate, standbyMs: 60_000 }, scene.act());
    const standby = await scene.find(scene.one);
    expect(standby).toMatchObject({ role: 'standby', weightPercent: 0 });
    expect(standby?.retireAtMs).toBeGreaterThan(0);
    await scene.promote(scene.one, { way: 'back' });
    expect(await scene.find(scene.one)).toMatchObject({ role: 'stable', weightPercent: 100, retireAtMs: null });
    expect(await scene.find(candidate)).toMatchObject({ role: 'standby', retireAtMs: null });
    await scene.expectServing(scene.one);
  },
  weights: async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    const before = await scene.inspect();
    const tokens = new Set([before.token]);
    const random = seededRandom(20_261_121);
    const whole = Array.from({ length: 6 }, () => Math.round(random() * 100));
    for (const weight of [...whole, 100, 1, 99, 0]) {
      await scene.weigh(candidate, weight);
      const state = await scene.inspect();
      const read = [candidate, scene.one].map(
        ({ id }) => state.revisions.find(({ revision }) => revision.id === id)?.weightPercent,
      );
      expect(read).toEqual([weight, 100 - weight]);
      tokens.add(state.token);
    }
    expect(tokens.size).toBe(new Set([...whole, 100, 1, 99, 0]).size);
    expect((await scene.inspect()).token).toBe(before.token);
  },
  'weights-seen': async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate, {}, 2);
    for (const weight of [30, 80, 100, 0]) {
      await scene.weigh(candidate, weight);
      // Binomial: five standard deviations of 200 requests.
      const tolerance = 5 * Math.sqrt(((weight / 100) * (1 - weight / 100)) / 200);
      expect(Math.abs((await shareOf(scene, candidate.id, 200)) - weight / 100)).toBeLessThanOrEqual(tolerance);
    }
  },
  cutover: async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate, {}, 2);
    const users = startUsers(scene.place.target.url);
    const before = (await scene.inspect()).token;
    for (let round = 0; round < 2; round += 1) {
      await scene.weigh(candidate, 100);
      expect([await scene.weightOf(scene.one), await scene.weightOf(candidate)]).toEqual([0, 100]);
      expect((await scene.verify(candidate)).reason).toMatch(/^20 of 20/);
      expect(await codeOf(scene.place.target.retire({ revisionId: candidate.id }, scene.act()))).toBe('TARGET_REFUSED');
      await scene.weigh(candidate, 0);
      await scene.expectServing(scene.one);
    }
    expect((await scene.inspect()).token).toBe(before);
    expect(await users.stop()).toEqual([]);
  },
  batches: async (scene) => {
    const candidate = scene.next();
    const users = startUsers(scene.place.target.url);
    const replace = async (candidateInstances: number, stableInstances: number): Promise<void> => {
      await scene.batches.replaceBatch({ candidate, candidateInstances, stableInstances }, scene.act());
      const [old, fresh] = [await scene.find(scene.one), await scene.find(candidate)];
      const count = [old?.instances.length ?? 0, fresh?.instances.length ?? 0];
      expect(count).toEqual([stableInstances, candidateInstances]);
      expect(fresh?.weightPercent ?? 0).toBe(50 * candidateInstances);
    };
    await replace(1, 1);
    await replace(2, 0);
    await replace(1, 1);
    await replace(0, 2);
    expect(await users.stop()).toEqual([]);
    await scene.expectServing(scene.one);
  },
} satisfies Record<string, CaseRun>;

async function shareOf(scene: Scene, id: string, requests: number): Promise<number> {
  let seen = 0;
  for (let sent = 0; sent < requests; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => scene.readLive()));
    expect(answers.every((answer) => answer === id || answer === scene.one.id)).toBe(true);
    seen += answers.filter((answer) => answer === id).length;
  }
  return seen / requests;
}
