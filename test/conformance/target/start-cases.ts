import { expect } from 'vitest';
import type { Behaviour } from '../../fixtures/process-place.ts';
import type { CaseRun } from './describe-target.ts';
import { codeOf, refusalOf, type Scene } from './scene.ts';

/** How revisions come up, or do not. */
export const startCases = {
  'inspect-empty': async (scene) => {
    const { target } = scene.place;
    const state = await scene.inspect();
    expect(state).toMatchObject({ up: false, revisions: [], fence: 0, cut: 0 });
    expect(await scene.inspect()).toEqual(state);
    expect(await target.candidateUrl('1.0.0-none', scene.signal)).toBeNull();
    // Nobody answers, or the engine itself, which names no revision.
    expect([null, 'none']).toContain(await scene.readLive());
  },
  provision: async (scene) => {
    const [candidate, { target }] = [scene.next(), scene.place];
    await scene.bring(candidate, {}, 2);
    const first = await scene.find(candidate);
    expect(first).toMatchObject({ role: 'candidate', weightPercent: 0, wantedInstances: 2 });
    expect(first?.instances.map(({ state }) => state)).toEqual(['ready', 'ready']);
    await scene.bring(candidate, {}, 2);
    const again = await scene.find(candidate);
    expect(again?.instances.map(({ pid }) => pid)).toEqual(first?.instances.map(({ pid }) => pid));
    const url = await target.candidateUrl(candidate.id, scene.signal);
    const answer = await fetch(`${url}/health`);
    expect([answer.status, answer.headers.get('x-app-version')]).toEqual([200, candidate.version]);
    await scene.expectServing(scene.one);
  },
  'start-slow': async (scene) => {
    const slow = scene.next({ startDelayMs: 700 });
    let done = false;
    const begun = performance.now();
    const started = scene.start(slow).finally(() => {
      done = true;
    });
    const early = new Set<string | null>();
    while (!done && performance.now() - begun < 500) early.add(await scene.readLive());
    await started;
    expect(performance.now() - begun).toBeGreaterThan(700);
    expect([...early]).toEqual([scene.one.id]);
    const placed = await scene.find(slow);
    expect(placed?.instances.map(({ state }) => state)).toEqual(['ready']);
    if (scene.can('provision')) await scene.expectServing(scene.one);
    else await scene.expectServing(slow);
  },
  'start-crashing': (scene) => expectNotStarted(scene, { crashOnStart: true }, /no database/),
  'start-never-healthy': (scene) => expectNotStarted(scene, { neverHealthy: true }, /healthy|ready|status 503|asked/),
  deadline: async (scene) => {
    const never = scene.next({ neverHealthy: true });
    expect(await codeOf(scene.start(never, { deadlineMs: 300 }))).toBe('STEP_TIMED_OUT');
    expect(await codeOf(scene.start(never, { signal: AbortSignal.timeout(200) }))).toBe('CANCELLED');
    await scene.expectServing(scene.one);
  },
} satisfies Record<string, CaseRun>;

async function expectNotStarted(scene: Scene, behaviour: Behaviour, reason: RegExp): Promise<void> {
  const bad = scene.next(behaviour);
  const { code, text } = await refusalOf(scene.start(bad));
  expect(code).toBe(scene.can('provision') ? 'PROVISION_FAILED' : 'TARGET_REFUSED');
  expect(text).toMatch(reason);
  expect(await scene.weightOf(bad)).toBe(0);
  // It gets no users later either.
  if (scene.place.target.traffic !== undefined)
    expect(await codeOf(scene.move({ revision: bad, weightPercent: 10 }))).not.toBe('done');
  await scene.expectServing(scene.one);
}
