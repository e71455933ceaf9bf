import { describe, expect, it } from 'vitest';
import { withUsersBack } from '../../../src/local-host/host/dead-man-changes.ts';
import { emptyRoutingState, type RoutingState } from '../../../src/local-host/host/host-state.ts';
import * as changes from '../../../src/local-host/host/routing-changes.ts';

const launch = { argv: ['true'], cwd: '/', env: {} };
const readiness = { ready: () => 2, nowMs: 1000, newSalt: 's' };
const order = { candidateId: '2-x', stableId: '1-x', instances: 4, does: 'roll_back' } as const;
const all = { ready: () => 4, patient: true };

function placed(state: RoutingState, version: string): RoutingState {
  const revision = { id: `${version}-x`, version, commit: null, ref: null, artifact: null };
  return changes.withPlacement(state, { fence: 1, revision, launch, instances: 4 });
}
const stable = changes.withPromotion(
  placed(emptyRoutingState('s'), '1'),
  { fence: 1, revisionId: '1-x', standbyMs: 0 },
  readiness,
);
const weigh = (state: RoutingState, weightPercent: number): RoutingState =>
  changes.withWeight(state, { fence: 1, revisionId: '2-x', weightPercent }, readiness);
const canary = weigh(placed(stable, '2'), 25);
const weights = (state: RoutingState): number[] => ['1-x', '2-x'].map((id) => changes.weightOf(state, id));

describe('a dead-man that fires', () => {
  it('takes all users off the candidate, which stays where it is', () => {
    const { state, did } = withUsersBack(canary, order, all);
    expect(did).toBe('rolled_back');
    expect(weights(state)).toEqual([100, 0]);
    expect(changes.findPlacement(state, '2-x')).toEqual(changes.findPlacement(canary, '2-x'));
    expect(withUsersBack(state, order, all)).toEqual({ state, did: 'nothing' });
  });

  it('wants the full number of stable instances, also when nobody is on the candidate', () => {
    const shrunk = changes.withScale(canary, { fence: 1, revisionId: '1-x', instances: 1 });
    const { state } = withUsersBack(shrunk, order, all);
    expect(changes.findPlacement(state, '1-x')?.wantedInstances).toBe(4);
    const idle = withUsersBack(weigh(shrunk, 0), order, all);
    expect(idle.did).toBe('nothing');
    expect(changes.findPlacement(idle.state, '1-x')?.wantedInstances).toBe(4);
  });

  it('waits for half of the stable instances, later for one, and never moves users to none', () => {
    const did = (ready: number, patient: boolean) => withUsersBack(canary, order, { ready: () => ready, patient }).did;
    expect([did(0, true), did(1, true), did(2, true)]).toEqual(['waiting', 'waiting', 'rolled_back']);
    expect([did(0, false), did(1, false)]).toEqual(['waiting', 'rolled_back']);
    expect(weights(withUsersBack(canary, order, { ready: () => 0, patient: false }).state)).toEqual([75, 25]);
  });

  it('does not undo a promotion, and leaves users where a migration cannot be undone', () => {
    const promoted = changes.withPromotion(canary, { fence: 1, revisionId: '2-x', standbyMs: 0 }, readiness);
    expect(withUsersBack(promoted, order, all)).toEqual({ state: promoted, did: 'nothing' });
    expect(withUsersBack(canary, { ...order, does: 'freeze' }, all)).toEqual({ state: canary, did: 'frozen' });
  });

  it('serves nobody after a first deploy, and touches nothing when another revision is stable by now', () => {
    const first = weigh(placed(emptyRoutingState('s'), '2'), 100);
    const gone = withUsersBack(first, { ...order, stableId: null }, all);
    expect(gone.did).toBe('rolled_back');
    expect(weights(gone.state)).toEqual([0, 0]);
    const other = { ...order, stableId: '0-x' };
    expect(withUsersBack(canary, other, all)).toEqual({ state: canary, did: 'nothing' });
  });
});
