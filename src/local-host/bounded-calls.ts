import type { BatchControl, Target, TrafficControl } from '../model/target.ts';
import { type BoundedAct, within } from '../system/bounded-act.ts';

type Bounded<Call extends (request: never, act: never) => unknown> = (
  request: Parameters<Call>[0],
  act: BoundedAct,
) => ReturnType<Call>;

/** What a driver over local instances does in each changing call, once the call has its limits. */
export type DriverCalls = {
  provision: Bounded<Target['provision']>;
  promote: Bounded<Target['promote']>;
  retire: Bounded<Target['retire']>;
  setWeight: Bounded<TrafficControl['setWeight']>;
  drain: Bounded<TrafficControl['drain']>;
  replaceBatch: Bounded<BatchControl['replaceBatch']>;
};

/** The changing calls of a Target, each within its own deadline and named in its time-out. */
export function boundedCalls(
  driver: DriverCalls,
): Pick<Target, 'provision' | 'promote' | 'retire'> & { traffic: TrafficControl; batches: BatchControl } {
  return {
    provision: (request, act) => within(act, 'provision', (bounded) => driver.provision(request, bounded)),
    promote: (request, act) => within(act, 'promote', (bounded) => driver.promote(request, bounded)),
    retire: (request, act) => within(act, 'retire', (bounded) => driver.retire(request, bounded)),
    traffic: {
      setWeight: (request, act) => within(act, 'set weight', (bounded) => driver.setWeight(request, bounded)),
      drain: (request, act) => within(act, 'drain', (bounded) => driver.drain(request, bounded)),
    },
    batches: {
      replaceBatch: (request, act) => within(act, 'replace batch', (bounded) => driver.replaceBatch(request, bounded)),
    },
  };
}
