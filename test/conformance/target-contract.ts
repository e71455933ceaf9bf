import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StrategySpec, strategySchema } from '../../src/model/config/strategy.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { Act, PlacedRevision, Target, TargetLack } from '../../src/model/target.ts';
import { capabilitiesOf } from '../../src/operations/capabilities.ts';
import { findStrategy } from '../../src/strategies/list.ts';

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

    const can = (call: TargetLack): boolean => place.target.lacks?.includes(call) !== true;
    /** Ready to be promoted, as far as the target has a step for that. */
    const bring = async (revision: Revision, act: Partial<Act> = {}): Promise<void> => {
      if (can('provision')) await place.target.provision({ revision, instances: 2 }, place.act(act));
    };
    /** No instance is left; a target that cannot retire says so, and no plan asks for it. */
    const retireAway = async (revision: Revision): Promise<void> => {
      const there = (await find(revision)) !== undefined;
      const retired = place.target.retire({ revisionId: revision.id }, place.act({ fence: 8 }));
      if (can('retire') || !there) await retired;
      else expect(await codeOf(retired)).toBe('TARGET_REFUSED');
      if (can('retire')) expect(await find(revision)).toBeUndefined();
    };
    /** What a target cannot do is refused when planning, with what would work. */
    const expectRefused = async (kind: StrategySpec['kind'], reason: RegExp): Promise<void> => {
      const planned = findStrategy(kind)?.plan({
        spec: strategySchema.parse({ kind }),
        capabilities: capabilitiesOf(place, await place.target.inspect(signal)),
        revision: place.revision('9.0.0'),
        stable: place.revision('1.0.0'),
        instances: 2,
        drainMs: 1000,
      });
      expect(planned).toMatchObject({ ok: false, reasons: expect.arrayContaining([expect.stringMatching(reason)]) });
      expect(planned?.ok === false && planned.remedy.length > 10).toBe(true);
    };

    it('inspects an empty place without starting anything', async () => {
      const state = await place.target.inspect(signal);
      expect(state).toMatchObject({ up: false, revisions: [], fence: 0, cut: 0 });
      expect(await place.target.inspect(signal)).toEqual(state);
      expect(await place.target.candidateUrl('1.0.0-none', signal)).toBeNull();
    });

    it('provisions a revision that has no users, and again without effect', async () => {
      const one = place.revision('1.0.0');
      if (!can('provision')) {
        expect(await codeOf(place.target.provision({ revision: one, instances: 2 }, place.act()))).toBe(
          'TARGET_REFUSED',
        );
        await expectRefused('canary', /cannot start the candidate/);
        return expectRefused('blue-green', /cannot start the candidate/);
      }
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
      await bring(one);
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      const token = (await place.target.inspect(signal)).token;
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      expect(await place.target.inspect(signal)).toMatchObject({ up: true, token });
      expect(await find(one)).toMatchObject({ role: 'stable', weightPercent: 100 });
      expect(await place.readLive()).toBe(one.id);
    });

    it('moves traffic to a weight that reads back, and back to none', async () => {
      const { traffic } = place.target;
      if (traffic === undefined) {
        await expectRefused('canary', /cannot split traffic/);
        return expectRefused('blue-green', /cannot switch traffic/);
      }
      const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
      await place.target.provision({ revision: two, instances: 2 }, place.act());
      const before = await place.target.inspect(signal);
      const share = traffic.wholeOnly === true ? 100 : 25;
      if (traffic.wholeOnly === true) {
        expect(await codeOf(traffic.setWeight({ revisionId: two.id, weightPercent: 25 }, place.act()))).toBe(
          'TARGET_REFUSED',
        );
        await expectRefused('canary', /cannot split traffic/);
      }
      await traffic.setWeight({ revisionId: two.id, weightPercent: share }, place.act());
      await traffic.setWeight({ revisionId: two.id, weightPercent: share }, place.act());
      expect([(await find(one))?.weightPercent, (await find(two))?.weightPercent]).toEqual([100 - share, share]);
      expect((await place.target.inspect(signal)).token).not.toBe(before.token);
      expect(await codeOf(place.target.retire({ revisionId: two.id }, place.act()))).toBe('TARGET_REFUSED');
      expect(await codeOf(traffic.drain({ revisionId: two.id, deadlineMs: 100 }, place.act()))).toBe('TARGET_REFUSED');
      await traffic.setWeight({ revisionId: two.id, weightPercent: 0 }, place.act());
      expect((await place.target.inspect(signal)).token).toBe(before.token);
      const drained = traffic.drain({ revisionId: two.id, deadlineMs: 1000 }, place.act());
      if (can('drain')) expect(await drained).toEqual({ cut: 0 });
      else expect(await codeOf(drained)).toBe('TARGET_REFUSED');
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
      await bring(two, { fence: 8 });
      const keeps = can('standby');
      const promote = (standbyMs: number): Promise<void> =>
        place.target.promote({ revision: two, standbyMs }, place.act({ fence: 8 }));
      if (!keeps) {
        expect(await codeOf(promote(60_000))).toBe('TARGET_REFUSED');
        await expectRefused('blue-green', /cannot keep a standby/);
      }
      await promote(keeps ? 60_000 : 0);
      expect(await find(two)).toMatchObject({ role: 'stable', weightPercent: 100 });
      const standby = await find(one);
      // What replaces its revisions in place has none that stands by.
      if (can('provision')) expect(standby).toMatchObject({ role: 'standby', weightPercent: 0 });
      if (keeps) expect(standby?.retireAtMs).toBeGreaterThan(0);
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act({ fence: 8, way: 'back' }));
      expect(await find(one)).toMatchObject({ role: 'stable', weightPercent: 100, retireAtMs: null });
      if (can('provision')) expect(await find(two)).toMatchObject({ role: 'standby', retireAtMs: null });
      expect(await place.readLive()).toBe(one.id);
    });

    it('replaces instances in batches, forth and back', async () => {
      const { batches } = place.target;
      if (batches === undefined) return expectRefused('rolling', /cannot replace instances/);
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
      const act = place.act({ fence: 8 });
      if (can('provision'))
        expect(await codeOf(place.target.provision({ revision: bad, instances: 1 }, act))).toBe('PROVISION_FAILED');
      else expect(await codeOf(place.target.promote({ revision: bad, standbyMs: 0 }, act))).toBe('TARGET_REFUSED');
      expect((await find(bad))?.weightPercent ?? 0).toBe(0);
      expect(await place.readLive()).toBe(place.revision('1.0.0').id);
      await retireAway(bad);
    });

    it('ends a call at its deadline and when it is cancelled', async () => {
      const slow = place.revision('4.0.0', 'never-healthy');
      const begin = (changes: Partial<Act>): Promise<void> =>
        can('provision')
          ? place.target.provision({ revision: slow, instances: 1 }, place.act({ fence: 8, ...changes }))
          : place.target.promote({ revision: slow, standbyMs: 0 }, place.act({ fence: 8, ...changes }));
      expect(await codeOf(begin({ deadlineMs: 300 }))).toBe('STEP_TIMED_OUT');
      expect(await codeOf(begin({ signal: AbortSignal.timeout(200) }))).toBe('CANCELLED');
      await retireAway(slow);
    });

    it('retires what has no users, and what is not there', async () => {
      const two = place.revision('2.0.0');
      await retireAway(two);
      await retireAway(two);
      await retireAway(place.revision('8.0.0'));
      if (can('retire')) return;
      const planned = findStrategy('direct')?.plan({
        spec: strategySchema.parse({ kind: 'direct' }),
        capabilities: capabilitiesOf(place, await place.target.inspect(signal)),
        revision: place.revision('9.0.0'),
        stable: place.revision('1.0.0'),
        instances: 2,
        drainMs: 1000,
      });
      expect(planned?.ok === true && planned.steps.every((step) => step.kind !== 'retire')).toBe(true);
    });
  });
}
