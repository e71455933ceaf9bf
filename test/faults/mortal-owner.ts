import type { Clock } from '../../src/model/clock.ts';
import type { RecordedEvent, RunEvent } from '../../src/model/run-event.ts';
import type { Act, Target } from '../../src/model/target.ts';
import type { RolloutPorts } from '../../src/rollout/ports.ts';
import type { World } from '../fixtures/simulated-world.ts';

/** Ways to be wrong on purpose, to see that the matrix notices. */
export type Mutant =
  | 'none'
  | 'act-before-intent'
  | 'acknowledge-before-durable'
  | 'no-idempotency'
  | 'go-on-when-found'
  | 'begin-again-when-found'
  | 'append-to-torn';

export type Owner = {
  ports: RolloutPorts;
  /** How often it could have died so far. */
  points(): number;
  dead(): boolean;
  /** Those of its chances at which a line was about to be written. */
  appends: number[];
  /** The line that it was writing when it died; null when it was not. */
  torn(): RunEvent | null;
  /** What it was told to be on disk. */
  acknowledged: RecordedEvent[];
  /** Acts without a durable intent before them. */
  unannounced: string[];
};

/** What acts did to the place, whoever did them. */
export type Effects = {
  during<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Keys under which the place was changed more than once: an act that was done again was not the same act. */
  repeated(): string[];
};

/** Looks at the place before and after every act; the acts of a run come one after the other. */
export function createEffects(target: Pick<Target, 'inspect'>): Effects {
  const changes = new Map<string, number>();
  const look = async (): Promise<string> => JSON.stringify(await target.inspect(new AbortController().signal));
  return {
    during: async (key, work) => {
      const before = await look();
      const done = await work();
      if ((await look()) !== before) changes.set(key, (changes.get(key) ?? 0) + 1);
      return done;
    },
    repeated: () => [...changes].filter(([, times]) => times > 1).map(([key]) => key),
  };
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * The ports of an owner that dies at its `diesAt`-th chance (null: never): before and after each line of the journal, before and
 * after each act at the target, and before each look. After that nothing it does has an effect, like a process that was killed.
 */
export function createMortalOwner(
  world: World,
  { diesAt, mutant = 'none', effects }: { diesAt: number | null; mutant?: Mutant; effects: Effects },
): Owner {
  const { ports: living } = world;
  const state: { points: number; dead: boolean; torn: RunEvent | null } = { points: 0, dead: false, torn: null };
  const appends: number[] = [];
  const acknowledged: RecordedEvent[] = [];
  const unannounced: string[] = [];
  /** Lines that were acknowledged and are not on the disk yet. */
  const pending: RunEvent[] = [];

  /** True: dies here. */
  const passes = (): boolean => {
    if (state.dead) return false;
    state.points += 1;
    if (state.points === diesAt) state.dead = true;
    return !state.dead;
  };
  const look = async <T>(work: () => Promise<T>): Promise<T> => (passes() ? work() : never());

  const append = async (event: RunEvent): Promise<RecordedEvent> => {
    const wasDead = state.dead;
    if (!passes()) {
      if (!wasDead) state.torn = event;
      return never();
    }
    appends.push(state.points);
    if (mutant === 'act-before-intent' && event.type === 'step_started') {
      pending.push(event);
      return { ...event, seq: world.events.length, atMs: living.clock.now(), gen: 1 };
    }
    if (mutant === 'acknowledge-before-durable' && event.type !== 'run_ended') {
      const told = { ...event, seq: world.events.length + pending.length, atMs: living.clock.now(), gen: 1 };
      acknowledged.push(told);
      pending.push(event);
      if (pending.length < 4) return told;
    }
    for (const late of pending.splice(0)) await living.append(late);
    const written =
      mutant === 'acknowledge-before-durable' && event.type !== 'run_ended'
        ? (world.events.at(-1) ?? (await living.append(event)))
        : await living.append(event);
    if (!passes()) return never();
    if (!acknowledged.includes(written)) acknowledged.push(written);
    return written;
  };

  const act = async <T>(name: string, { idempotencyKey }: Act, work: () => Promise<T>): Promise<T> => {
    if (!passes()) return never();
    if (!isAnnounced(world.events)) unannounced.push(name);
    if (idempotencyKey.length === 0) unannounced.push(`${name} without a key`);
    const done = await effects.during(idempotencyKey, work);
    for (const late of pending.splice(0)) await living.append(late);
    return passes() ? done : never();
  };

  const clock: Clock = {
    ...living.clock,
    sleep: async (ms, signal) => {
      if (state.dead) return never();
      const how = await living.clock.sleep(ms, signal);
      return state.dead ? never() : how;
    },
  };
  const { target } = living;
  const ports: RolloutPorts = {
    ...living,
    clock,
    target: mortalTarget(target, act, look, mutant),
    append,
    stillOwner: async () => (state.dead ? never() : living.stillOwner()),
    takeControls: async () => (state.dead ? never() : living.takeControls()),
    smoke: (on, signal) => look(() => living.smoke(on, signal)),
    readLive: (signal) => look(() => living.readLive(signal)),
    notify: (about, text) => void (state.dead || living.notify(about, text)),
  };
  const told = { points: () => state.points, dead: () => state.dead, torn: () => state.torn };
  return { ports, ...told, appends, acknowledged, unannounced };
}

type DoAct = <T>(name: string, act: Act, work: () => Promise<T>) => Promise<T>;

function mortalTarget(
  target: Target,
  act: DoAct,
  look: <T>(work: () => Promise<T>) => Promise<T>,
  mutant: Mutant,
): Target {
  const { traffic, batches } = target;
  const keyed = (given: Act): Act => (mutant === 'no-idempotency' ? { ...given, idempotencyKey: '' } : given);
  return {
    ...target,
    inspect: (signal) => look(() => target.inspect(signal)),
    provision: (request, given) => act('provision', keyed(given), () => target.provision(request, given)),
    promote: (request, given) => act('promote', keyed(given), () => target.promote(request, given)),
    retire: (request, given) => act('retire', keyed(given), () => target.retire(request, given)),
    ...(traffic === undefined
      ? {}
      : {
          traffic: {
            setWeight: (request, given) =>
              act(`set_weight ${request.weightPercent}`, keyed(given), () => traffic.setWeight(request, given)),
            drain: (request, given) => act('drain', keyed(given), () => traffic.drain(request, given)),
          },
        }),
    ...(batches === undefined
      ? {}
      : {
          batches: {
            replaceBatch: (request, given) =>
              act('replace_batch', keyed(given), () => batches.replaceBatch(request, given)),
          },
        }),
  };
}

/** Whether the last step that was begun has not been said to be over: the journal must know of an act before it happens. */
function isAnnounced(events: readonly RecordedEvent[]): boolean {
  const last = events.findLast(
    ({ type }) => type === 'step_started' || type === 'step_completed' || type === 'step_failed',
  );
  return last?.type === 'step_started';
}
