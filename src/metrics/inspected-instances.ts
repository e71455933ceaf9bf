import type { Clock } from '../model/clock.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Instance, TargetState } from '../model/target.ts';
import type { InstanceEvent } from '../model/traffic.ts';
import { createEventQueue } from './event-queue.ts';

export type InspectedInstancesOptions = {
  inspect: (signal: AbortSignal) => Promise<TargetState>;
  clock: Clock;
  /** Between the end of a look and the next. */
  everyMs: number;
  /** A look that takes longer is given up. */
  withinMs: number;
};

/** What a target says of its instances is looked at this often where it does not tell of itself. */
export const inspectEveryMs = 5000;

/** One instance cannot tell of more exits than this between two looks. */
const mostExits = 20;

/**
 * Starts, crashes and ends of instances at a target that only answers when it is asked: what changed between two looks. A look that
 * fails tells nothing, neither good nor bad. What an instance had behind it at the first look belongs to nobody's run.
 */
export function createInspectedInstances(
  options: InspectedInstancesOptions,
): Pick<MetricSource, 'start' | 'takeInstanceEvents'> {
  const { inspect, clock, everyMs, withinMs } = options;
  const events = createEventQueue();
  const lookOn = async (signal: AbortSignal): Promise<void> => {
    let before = await look(signal);
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal);
      const after = await look(signal);
      if (after === null) continue;
      for (const event of instanceEvents(before, after, clock.now())) events.add(event);
      before = after;
    }
  };
  const look = (signal: AbortSignal): Promise<TargetState | null> =>
    inspect(AbortSignal.any([signal, AbortSignal.timeout(withinMs)])).catch(() => null);
  return {
    start: async (_arms, signal) => {
      // Ends with the signal and never rejects: every look catches its own errors.
      void lookOn(signal);
    },
    takeInstanceEvents: () => events.take(),
  };
}

/**
 * What became of the instances between two looks, oldest first; nothing where there was no first look. Pure.
 *
 * Example: `restarts` 1 → 3 and ready again → two `exited` at the time of the last exit, then `ready`.
 */
export function instanceEvents(before: TargetState | null, after: TargetState, nowMs: number): InstanceEvent[] {
  if (before === null) return [];
  const known = new Map(instancesOf(before).map(({ key, instance }) => [key, instance]));
  return instancesOf(after).flatMap(({ key, revisionId, instance, missed }) => {
    const was = known.get(key);
    const event = (what: InstanceEvent['what'], atMs: number): InstanceEvent => ({
      revisionId,
      instanceId: instance.id,
      atMs,
      what,
      code: instance.lastExit?.code ?? null,
      signal: instance.lastExit?.signal ?? null,
      excerpt: null,
    });
    return [
      ...exitTimes(was, { instance, missed, nowMs }).flatMap((atMs) =>
        instance.lastExit?.oom === true ? [event('oom', atMs), event('exited', atMs)] : [event('exited', atMs)],
      ),
      ...stateTold(was, { instance, missed }).map((what) => ({ ...event(what, nowMs), code: null, signal: null })),
    ];
  });
}

const whatOf: Record<Instance['state'], InstanceEvent['what'] | null> = {
  starting: 'started',
  ready: 'ready',
  unhealthy: 'unhealthy',
  // Its exit has been told.
  backing_off: null,
  draining: null,
  stopped: 'stopped',
  gave_up: 'gave_up',
};

function stateTold(was: Instance | undefined, { instance, missed }: Seen): Array<InstanceEvent['what']> {
  const what = whatOf[instance.state];
  return what === null || was?.state === instance.state || isDeath(was, { instance, missed }) ? [] : [what];
}

/** One that stopped while it was wanted did not do so on purpose. */
function isDeath(was: Instance | undefined, { instance, missed }: Seen): boolean {
  return instance.state === 'stopped' && missed && was !== undefined && !['stopped', 'draining'].includes(was.state);
}

/** Times in Unix ms, each once; what is not dated happened now. */
function exitTimes(was: Instance | undefined, { instance, missed, nowMs }: Seen & { nowMs: number }): number[] {
  const { state, restarts, lastExit } = instance;
  const dated = lastExit !== null && lastExit.atMs !== was?.lastExit?.atMs;
  const fell = (state === 'backing_off' && was?.state !== state) || isDeath(was, { instance, missed });
  const more = Math.max(0, restarts - (was?.restarts ?? 0));
  const exits = Math.min(mostExits, Math.max(more, dated || fell ? 1 : 0));
  const lastMs = dated ? lastExit.atMs : nowMs;
  // A millisecond apart, so that none is taken for another.
  return Array.from({ length: exits }, (_, index) => lastMs - (exits - 1 - index));
}

type Seen = {
  instance: Instance;
  /** The revision has fewer instances than it should have. */
  missed: boolean;
};

function instancesOf({ revisions }: TargetState): Array<Seen & { key: string; revisionId: string }> {
  return revisions.flatMap(({ revision, instances, wantedInstances }) => {
    const missed =
      instances.filter(({ state }) => state !== 'stopped' && state !== 'draining').length < wantedInstances;
    return instances.map((instance) => ({
      key: JSON.stringify([revision.id, instance.id]),
      revisionId: revision.id,
      instance,
      missed,
    }));
  });
}
