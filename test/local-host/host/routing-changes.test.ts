import { describe, expect, it } from 'vitest';
import { describeState, routingToken } from '../../../src/local-host/host/described-state.ts';
import { emptyRoutingState, type RoutingState } from '../../../src/local-host/host/host-state.ts';
import * as changes from '../../../src/local-host/host/routing-changes.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';

const launch = { argv: ['true'], cwd: '/', env: {} };
const readiness = { ready: () => 2, nowMs: 1000, newSalt: 'fresh' };
const nobodyReady = { ...readiness, ready: () => 0 };

function placed(state: RoutingState, version: string): RoutingState {
  const revision = { id: `${version}-x`, version, commit: null, ref: null, artifact: null };
  return changes.withPlacement(state, { fence: 1, revision, launch, instances: 2 });
}

const promote = (state: RoutingState, version: string, standbyMs = 0): RoutingState =>
  changes.withPromotion(state, { fence: 1, revisionId: `${version}-x`, standbyMs }, readiness);
const weigh = (state: RoutingState, version: string, weightPercent: number, seen = readiness): RoutingState =>
  changes.withWeight(state, { fence: 1, revisionId: `${version}-x`, weightPercent }, seen);
const weights = (state: RoutingState): Record<string, number> =>
  Object.fromEntries(state.placements.map(({ revision }) => [revision.version, changes.weightOf(state, revision.id)]));
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    return thrown instanceof DeployError ? thrown.code : String(thrown);
  }
  return 'nothing thrown';
};

const one = promote(placed(emptyRoutingState('s'), '1'), '1');
const two = placed(one, '2');

describe('fences', () => {
  it('refuses a lower one and keeps a higher one', () => {
    const state = changes.withFence(one, 5);
    expect(state.fence).toBe(5);
    expect(codeOf(() => changes.withFence(state, 4))).toBe('TARGET_FENCED');
  });
});

describe('weights', () => {
  it('share the users between the candidate and the stable revision', () => {
    expect(weights(weigh(two, '2', 5))).toEqual({ 1: 95, 2: 5 });
    expect(weights(weigh(weigh(two, '2', 5), '2', 0))).toEqual({ 1: 100, 2: 0 });
  });

  it('are refused for a candidate that is not ready, except none at all', () => {
    expect(codeOf(() => weigh(two, '2', 5, nobodyReady))).toBe('TARGET_REFUSED');
    expect(weights(weigh(weigh(two, '2', 5), '2', 0, nobodyReady))).toEqual({ 1: 100, 2: 0 });
  });

  it('may always fall, whatever has become of the candidate', () => {
    expect(weights(weigh(weigh(two, '2', 50), '2', 5, nobodyReady))).toEqual({ 1: 95, 2: 5 });
    expect(codeOf(() => weigh(weigh(two, '2', 5), '2', 50, nobodyReady))).toBe('TARGET_REFUSED');
  });

  it('belong to one candidate at a time', () => {
    const three = placed(weigh(two, '2', 5), '3');
    expect(codeOf(() => weigh(three, '3', 5))).toBe('TARGET_REFUSED');
    expect(weigh(three, '3', 0)).toEqual(three);
  });

  it('draw a new salt for another candidate and keep it while the same one grows', () => {
    const first = weigh(two, '2', 5);
    expect(first.salt).toBe('fresh');
    expect(weigh(first, '2', 50, { ...readiness, newSalt: 'other' }).salt).toBe('fresh');
    const again = weigh(weigh(first, '2', 0), '2', 5, { ...readiness, newSalt: 'other' });
    expect(again.salt).toBe('fresh');
  });

  it('of a promoted revision fall by giving its place back to the former one', () => {
    const promoted = promote(weigh(two, '2', 100), '2', 5000);
    const back = weigh(promoted, '2', 0);
    expect(back.stableId).toBe('1-x');
    expect(weights(back)).toEqual({ 1: 100, 2: 0 });
    expect(changes.findPlacement(back, '1-x')).toMatchObject({ standby: false, retireAtMs: null });
  });

  it('of the only revision fall to nothing on a first deploy, and not later', () => {
    const down = weigh(one, '1', 0);
    expect(weights(down)).toEqual({ 1: 0 });
    expect(down.stableId).toBeNull();
    const promoted = promote(two, '2');
    const alone = { ...promoted, placements: promoted.placements.filter(({ revision }) => revision.version === '2') };
    expect(codeOf(() => weigh(alone, '2', 0))).toBe('TARGET_REFUSED');
    expect(codeOf(() => weigh(promoted, '2', 0, nobodyReady))).toBe('TARGET_REFUSED');
  });
});

describe('what may hold unwritten', () => {
  const half = weigh(two, '2', 50);
  it('is every step of a way back', () => {
    const back = weigh(half, '2', 0);
    expect(changes.holdsUnwritten(half, back)).toBe(true);
    expect(changes.holdsUnwritten(back, promote(changes.withFence(back, 7), '1'))).toBe(true);
    expect(changes.holdsUnwritten(back, placed(back, '1'))).toBe(true);
    expect(changes.holdsUnwritten(back, changes.withRetirement(back, { fence: 1, revisionId: '2-x' }))).toBe(true);
  });

  it('is nothing that brings users to a candidate or starts one', () => {
    expect(changes.holdsUnwritten(half, weigh(half, '2', 60))).toBe(false);
    expect(changes.holdsUnwritten(two, weigh(two, '2', 5))).toBe(false);
    expect(changes.holdsUnwritten(two, promote(two, '2'))).toBe(false);
    expect(changes.holdsUnwritten(one, two)).toBe(false);
  });
});

describe('promotion', () => {
  it('makes the former revision standby with a time to retire', () => {
    const promoted = promote(weigh(two, '2', 50), '2', 5000);
    expect(weights(promoted)).toEqual({ 1: 0, 2: 100 });
    expect(changes.findPlacement(promoted, '1-x')).toMatchObject({ standby: true, retireAtMs: 6000 });
    expect(promote(promoted, '2', 9000)).toEqual(promoted);
  });

  it('is refused for a revision without a ready instance', () => {
    expect(codeOf(() => changes.withPromotion(two, { fence: 1, revisionId: '2-x', standbyMs: 0 }, nobodyReady))).toBe(
      'TARGET_REFUSED',
    );
  });
});

describe('placement, scale and retirement', () => {
  it('never lower what is wanted by placing again', () => {
    const revision = { id: '1-x', version: '1', commit: null, ref: null, artifact: null };
    const again = changes.withPlacement(one, { fence: 1, revision, launch, instances: 1 });
    expect(changes.findPlacement(again, '1-x')?.wantedInstances).toBe(2);
  });

  it('keep the launch of a revision that is known, and start no unknown one without', () => {
    const revision = { id: '1-x', version: '1', commit: null, ref: null, artifact: null };
    const place = (state: RoutingState, other: typeof launch | null) =>
      changes.withPlacement(state, { fence: 1, revision, launch: other, instances: 3 });
    const other = { argv: ['false'], cwd: '/tmp', env: { COLOUR: 'red' } };
    for (const given of [other, null])
      expect(changes.findPlacement(place(one, given), '1-x')).toMatchObject({ launch, wantedInstances: 3 });
    const standby = promote(two, '2', 5000);
    expect(changes.findPlacement(place(standby, null), '1-x')).toMatchObject({ standby: false, retireAtMs: null });
    expect(codeOf(() => place(emptyRoutingState('s'), null))).toBe('TARGET_REFUSED');
  });

  it('refuse to take the last instance of a revision with users', () => {
    expect(codeOf(() => changes.withScale(one, { fence: 1, revisionId: '1-x', instances: 0 }))).toBe('TARGET_REFUSED');
    expect(codeOf(() => changes.withRetirement(one, { fence: 1, revisionId: '1-x' }))).toBe('TARGET_REFUSED');
    expect(
      changes.findPlacement(
        changes.withScale(weigh(two, '2', 100), { fence: 1, revisionId: '1-x', instances: 0 }),
        '1-x',
      )?.wantedInstances,
    ).toBe(0);
  });

  it('take a retired revision out for good', () => {
    const retired = changes.withRetirement(two, { fence: 1, revisionId: '2-x' });
    expect(changes.findPlacement(retired, '2-x')).toMatchObject({ retiring: true, wantedInstances: 0 });
    expect(codeOf(() => placed(retired, '2'))).toBe('TARGET_REFUSED');
    expect(changes.withRetirement(two, { fence: 1, revisionId: 'absent' })).toEqual(two);
  });
});

describe('token', () => {
  it('changes with stable, weights and revisions, not with anything else', () => {
    const tokens = [one, two, weigh(two, '2', 5), weigh(two, '2', 6), promote(two, '2')].map(routingToken);
    expect(new Set(tokens).size).toBe(5);
    expect(routingToken(changes.withFence({ ...two, salt: 'z' }, 9))).toBe(routingToken(two));
    const seen = { instances: [], inFlight: 3 };
    expect(describeState(two, { up: false, cut: 4, seen: () => seen }).token).toBe(routingToken(two));
  });
});
