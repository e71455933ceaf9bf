import { expect } from 'vitest';
import { ask } from '../../fixtures/http-client.ts';
import { waitGone } from '../../fixtures/pids-below.ts';
import { startUsers } from '../../fixtures/users.ts';
import { openWebsocket } from '../../fixtures/websocket-client.ts';
import type { CaseRun } from './describe-target.ts';
import { codeOf, type Scene } from './scene.ts';

/** How a revision that has lost its users ends. */
export const drainCases = {
  drain: async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate, {}, 2);
    await scene.weigh(candidate, 100);
    const users = startUsers(scene.place.target.url);
    const long = [900, 1200, 1500].map((ms) => ask(`${scene.place.target.url}/slow?ms=${ms}`));
    const { socket, echo } = await openWebsocket(`${scene.place.target.url}/echo`);
    await untilOpen(scene, long.length);
    expect(await codeOf(drain(scene, candidate.id, 100))).toBe('TARGET_REFUSED');
    await scene.weigh(candidate, 0);
    const drained = drain(scene, candidate.id, 8000);
    expect(await echo('before the deadline')).toBe('before the deadline');
    const replies = await Promise.all(long);
    expect(replies.map(({ status, headers }) => [status, headers['x-app-version']])).toEqual(
      long.map(() => [200, candidate.version]),
    );
    expect(await echo('still open')).toBe('still open');
    socket.destroy();
    expect(await drained).toEqual({ cut: 0 });
    if (scene.can('retire')) await scene.place.target.retire({ revisionId: candidate.id }, scene.act());
    expect(await users.stop()).toEqual([]);
    expect((await scene.inspect()).cut).toBe(0);
    await scene.expectServing(scene.one);
  },
  'drain-deadline': async (scene) => {
    const { cut, websocket } = scene.place.atDrainDeadline;
    const candidate = scene.next();
    await scene.bring(candidate);
    await scene.weigh(candidate, 100);
    const long = ask(`${scene.place.target.url}/slow?ms=60000`).then(
      ({ status }) => status,
      () => 'cut' as const,
    );
    const { socket, echo, closed } = await openWebsocket(`${scene.place.target.url}/echo`);
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    await untilOpen(scene, 2);
    await scene.weigh(candidate, 0);
    const begun = performance.now();
    const drained = drain(scene, candidate.id, 1500);
    while (performance.now() - begun < 1000) {
      expect(await echo('now')).toBe('now');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await drained).toEqual({ cut });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1450);
    if (websocket === 'ended') await closed;
    else expect([ended, await echo('kept')]).toEqual([false, 'kept']);
    socket.destroy();
    if (scene.can('retire')) await scene.place.target.retire({ revisionId: candidate.id }, scene.act());
    expect(await long).not.toBe(200);
    await scene.expectServing(scene.one);
  },
  retire: async (scene) => {
    const { target } = scene.place;
    const candidate = scene.next();
    await scene.bring(candidate, {}, 2);
    const retire = (revisionId: string): Promise<void> => target.retire({ revisionId }, scene.act());
    const pids = (await scene.find(candidate))?.instances.map(({ pid }) => pid);
    expect(pids?.length).toBe(2);
    if (target.traffic !== undefined) {
      await scene.weigh(candidate, 100);
      expect(await codeOf(retire(candidate.id))).toBe('TARGET_REFUSED');
      await scene.weigh(candidate, 0);
    }
    expect(await codeOf(retire(scene.one.id))).toBe('TARGET_REFUSED');
    await retire(candidate.id);
    await retire(candidate.id);
    await retire(scene.next().id);
    expect(await scene.find(candidate)).toBeUndefined();
    for (const pid of pids ?? []) await waitGone(pid ?? 0);
    await scene.expectServing(scene.one);
  },
} satisfies Record<string, CaseRun>;

function drain(scene: Scene, revisionId: string, deadlineMs: number): Promise<{ cut: number }> {
  return scene.traffic.drain({ revisionId, deadlineMs }, scene.act());
}

/** Requests must have arrived before users are taken away. */
async function untilOpen(scene: Scene, wanted: number): Promise<void> {
  const end = performance.now() + 5000;
  for (;;) {
    const open = (await scene.inspect()).revisions.reduce((sum, { inFlight }) => sum + inFlight, 0);
    if (open >= wanted) return;
    if (performance.now() > end) throw new Error(`only ${open} of ${wanted} requests are open`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
