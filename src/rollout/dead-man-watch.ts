import type { DeadManFired } from '../model/dead-man.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { RunEvent } from '../model/run-event.ts';
import type { RolloutPorts } from './ports.ts';

/** The dead-man rollback as a run's owner uses it. Where the target can hold none, every call does nothing. */
export type DeadManWatch = {
  /** Nothing is changed before it is armed. Throws what the target says. */
  arm(): Promise<void>;
  /** Armed while the run goes on already: a way back waits for nothing. What goes wrong is a warning. */
  armBeside(): void;
  /** Called at every tick; speaks up once a second and waits for no answer. */
  renew(): void;
  /** That it has fired though this owner lives, told once; null otherwise. */
  takeFired(): DeadManFired | null;
  /** After the terminal record. Never throws: one that stays armed finds nobody to take back. */
  disarm(): Promise<void>;
};

const renewEveryMs = 1000;

export function createDeadManWatch(ports: Pick<RolloutPorts, 'deadMan' | 'append' | 'clock'>): DeadManWatch {
  const { deadMan: port, clock } = ports;
  let [begun, armed, asking] = [false, false, false];
  let renewedMs = Number.NEGATIVE_INFINITY;
  let fired: DeadManFired | null = null;
  const note = (what: 'arming' | 'armed' | 'disarming' | 'disarmed', reason: string, later = false) =>
    ports.append({ type: 'dead_man', data: { what, reason, atMs: null } }, { later });
  const arm = async (): Promise<void> => {
    if (port === undefined || begun) return;
    begun = true;
    await note('arming', port.promise);
    await port.arm();
    armed = true;
    await note('armed', port.promise, true);
  };
  const warn = async (what: string, thrown: unknown): Promise<void> => {
    const { code, message } = toDeployError(thrown);
    await ports.append({ type: 'warning', data: { code, message: `${what}: ${message}`.slice(0, 2000) } });
  };
  return {
    arm,
    armBeside: () => {
      arm()
        .catch((thrown: unknown) => warn('no dead-man rollback is armed', thrown))
        .catch(() => undefined);
    },
    renew: () => {
      if (port === undefined || !armed || asking || clock.monotonic() - renewedMs < renewEveryMs) return;
      [asking, renewedMs] = [true, clock.monotonic()];
      port.renew().then(
        (found) => {
          asking = false;
          fired ??= found;
          if (found !== null) armed = false;
        },
        // A host that is gone comes back, and a newer owner shows elsewhere.
        () => {
          asking = false;
        },
      );
    },
    takeFired: () => {
      const found = fired;
      fired = null;
      return found;
    },
    disarm: async () => {
      if (port === undefined || !begun) return;
      try {
        await note('disarming', 'the run is over');
        armed = false;
        await port.disarm();
        await note('disarmed', 'the run is over');
      } catch (thrown) {
        await warn('the dead-man rollback stays armed and finds nobody to take back', thrown).catch(() => undefined);
      }
    },
  };
}

/** What the target did, for the journal: written by whoever owns the run by then. Pure. */
export function describeFired({ atMs, reason, did }: DeadManFired, stable: string | null): RunEvent {
  const done = {
    waiting: 'it is starting instances of the stable revision, and then takes users back',
    rolled_back: stable === null ? 'it took the candidate out of traffic' : `it returned all users to ${stable}`,
    frozen: 'it left users where they are, because the migration cannot be undone',
    nothing: 'there was nobody to take back',
  };
  const at = new Date(atMs).toISOString();
  return { type: 'dead_man', data: { what: 'fired', reason: `at ${at} ${reason}; ${done[did]}`, atMs } };
}
