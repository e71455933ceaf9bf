import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { Act, PlacedRevision, Target } from '../../src/model/target.ts';

/** What the suite needs of a driver's place: empty at first, and able to make good and bad revisions. */
export type TargetFixture = {
  target: Target;
  revision(version: string, kind?: 'good' | 'never-healthy'): Revision;
  act(changes?: Partial<Act>): Act;
  /** One request by a new user; the revision id that answered, or null. */
  readLive(): Promise<string | null>;
  close(): Promise<void>;
};

/** The contract of `Target`, to be passed by every driver. */
export function describeTarget(name: string, factory: () => Promise<TargetFixture>): void {
  describe(`${name} keeps the contract of Target`, () => {
    let place: TargetFixture;
    const signal = new AbortController().signal;

    beforeAll(async () => {
      place = await factory();
    });
    afterAll(() => place.close());

    const find = async (revision: Revision): Promise<PlacedRevision | undefined> => {
      const state = await place.target.inspect(signal);
      return state.revisions.find((placed) => placed.revision.id === revision.id);
    };
    const codeOf = async (act: Promise<unknown>): Promise<string> => {
      const thrown = await act.then(
        () => null,
        (error: unknown) => error,
      );
      return thrown instanceof DeployError ? thrown.code : `not a DeployError: ${String(thrown)}`;
    };

    it('inspects an empty place without starting anything', async () => {
      const state = await place.target.inspect(signal);
      expect(state).toMatchObject({ up: false, revisions: [], fence: 0, cut: 0 });
      expect(await place.target.inspect(signal)).toEqual(state);
      expect(await place.target.candidateUrl('1.0.0-none', signal)).toBeNull();
    });

    it('provisions a revision that has no users, and again without effect', async () => {
      const one = place.revision('1.0.0');
      await place.target.provision({ revision: one, instances: 2 }, place.act());
      const first = await find(one);
      expect(first).toMatchObject({ role: 'candidate', weightPercent: 0, wantedInstances: 2 });
      expect(first?.instances.map((instance) => instance.state)).toEqual(['ready', 'ready']);
      await place.target.provision({ revision: one, instances: 2 }, place.act());
      expect((await find(one))?.instances.map((instance) => instance.pid)).toEqual(
        first?.instances.map((instance) => instance.pid),
      );
      expect(await place.readLive()).toBeNull();
      expect(await place.target.candidateUrl(one.id, signal)).toMatch(/^http/);
    });

    it('promotes, and again without effect', async () => {
      const one = place.revision('1.0.0');
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      const token = (await place.target.inspect(signal)).token;
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      expect(await place.target.inspect(signal)).toMatchObject({ up: true, token });
      expect(await find(one)).toMatchObject({ role: 'stable', weightPercent: 100 });
      expect(await place.readLive()).toBe(one.id);
    });

    it('moves traffic to a weight that reads back, and back to none', async () => {
      const { traffic } = place.target;
      if (traffic === undefined) return expect(place.target.traffic).toBeUndefined();
      const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
      await place.target.provision({ revision: two, instances: 2 }, place.act());
      const before = await place.target.inspect(signal);
      await traffic.setWeight({ revisionId: two.id, weightPercent: 25 }, place.act());
      await traffic.setWeight({ revisionId: two.id, weightPercent: 25 }, place.act());
      expect([(await find(one))?.weightPercent, (await find(two))?.weightPercent]).toEqual([75, 25]);
      expect((await place.target.inspect(signal)).token).not.toBe(before.token);
      expect(await codeOf(place.target.retire({ revisionId: two.id }, place.act()))).toBe('TARGET_REFUSED');
      expect(await codeOf(traffic.drain({ revisionId: two.id, deadlineMs: 100 }, place.act()))).toBe('TARGET_REFUSED');
      await traffic.setWeight({ revisionId: two.id, weightPercent: 0 }, place.act());
      expect((await place.target.inspect(signal)).token).toBe(before.token);
      expect(await traffic.drain({ revisionId: two.id, deadlineMs: 1000 }, place.act())).toEqual({ cut: 0 });
    });

    it('obeys no owner with a lower fence than one it has obeyed', async () => {
      const one = place.revision('1.0.0');
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act({ fence: 7 }));
      expect((await place.target.inspect(signal)).fence).toBe(7);
      expect(await codeOf(place.target.retire({ revisionId: '2.0.0-x' }, place.act({ fence: 6 })))).not.toBe(
        'INTERNAL',
      );
      expect(
        await codeOf(
          place.target.promote({ revision: place.revision('2.0.0'), standbyMs: 0 }, place.act({ fence: 6 })),
        ),
      ).toBe('TARGET_FENCED');
      expect(await find(one)).toMatchObject({ role: 'stable' });
    });

    it('keeps the former stable revision as standby, and takes it back', async () => {
      const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
      await place.target.promote({ revision: two, standbyMs: 60_000 }, place.act({ fence: 8 }));
      expect(await find(two)).toMatchObject({ role: 'stable', weightPercent: 100 });
      const standby = await find(one);
      expect(standby).toMatchObject({ role: 'standby', weightPercent: 0 });
      expect(standby?.retireAtMs).toBeGreaterThan(0);
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act({ fence: 8 }));
      expect(await find(one)).toMatchObject({ role: 'stable', weightPercent: 100, retireAtMs: null });
      expect(await find(two)).toMatchObject({ role: 'standby', retireAtMs: null });
      expect(await place.readLive()).toBe(one.id);
    });

    it('replaces instances in batches, forth and back', async () => {
      const { batches } = place.target;
      if (batches === undefined) return expect(place.target.batches).toBeUndefined();
      const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
      const replace = (candidateInstances: number, stableInstances: number): Promise<void> =>
        batches.replaceBatch({ candidate: two, candidateInstances, stableInstances }, place.act({ fence: 8 }));
      await replace(1, 1);
      expect([(await find(one))?.instances.length, (await find(two))?.instances.length]).toEqual([1, 1]);
      expect((await find(two))?.weightPercent).toBe(50);
      await replace(2, 0);
      expect([(await find(one))?.instances.length, (await find(two))?.weightPercent]).toEqual([0, 100]);
      await replace(0, 2);
      expect([(await find(one))?.instances.length, (await find(two))?.weightPercent]).toEqual([2, 0]);
      expect((await find(two))?.instances.length ?? 0).toBe(0);
    });

    it('says why a revision does not come up, and gives it no users', async () => {
      const bad = place.revision('3.0.0', 'never-healthy');
      expect(await codeOf(place.target.provision({ revision: bad, instances: 1 }, place.act({ fence: 8 })))).toBe(
        'PROVISION_FAILED',
      );
      expect((await find(bad))?.weightPercent ?? 0).toBe(0);
      await place.target.retire({ revisionId: bad.id }, place.act({ fence: 8 }));
      expect(await find(bad)).toBeUndefined();
    });

    it('ends a call at its deadline and when it is cancelled', async () => {
      const slow = place.revision('4.0.0', 'never-healthy');
      expect(
        await codeOf(
          place.target.provision({ revision: slow, instances: 1 }, place.act({ fence: 8, deadlineMs: 300 })),
        ),
      ).toBe('STEP_TIMED_OUT');
      const cancelled = AbortSignal.timeout(200);
      expect(
        await codeOf(
          place.target.provision({ revision: slow, instances: 1 }, place.act({ fence: 8, signal: cancelled })),
        ),
      ).toBe('CANCELLED');
      await place.target.retire({ revisionId: slow.id }, place.act({ fence: 8 }));
    });

    it('retires what has no users, and what is not there', async () => {
      const two = place.revision('2.0.0');
      await place.target.retire({ revisionId: two.id }, place.act({ fence: 8 }));
      await place.target.retire({ revisionId: two.id }, place.act({ fence: 8 }));
      expect(await find(two)).toBeUndefined();
    });
  });
}
