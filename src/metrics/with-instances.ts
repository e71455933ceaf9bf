import type { MetricSource } from '../model/metric-source.ts';

/** Who tells of instances; where it also sees the answers to users, it is asked for those that named another version. */
export type InstanceTeller = Pick<MetricSource, 'start' | 'takeInstanceEvents'> &
  Partial<Pick<MetricSource, 'measure'>>;

/**
 * A source that counts elsewhere, with what the target itself tells beside it: instances that ended, and answers to users
 * that named another version. Without it the hard rules would hear of neither.
 */
export function withInstances(primary: MetricSource, teller: InstanceTeller): MetricSource {
  const { countsOver, eventWindowMs } = primary;
  return {
    kind: primary.kind,
    traits: primary.traits,
    start: async (arms, signal) => {
      await Promise.all([primary, teller].map((source) => source.start(arms, signal)));
    },
    knownUntilMs: () => primary.knownUntilMs(),
    silentForMs: () => primary.silentForMs(),
    problem: () => primary.problem?.() ?? null,
    measure: (query, window, arm) => {
      const told = query.kind === 'wrong_revision' && query.stratum === 'user';
      return (told ? teller.measure?.(query, window, arm) : undefined) ?? primary.measure(query, window, arm);
    },
    latency: (window, arm, stratum) => primary.latency(window, arm, stratum),
    takeInstanceEvents: () => [...primary.takeInstanceEvents(), ...teller.takeInstanceEvents()],
    ...(eventWindowMs === undefined ? {} : { eventWindowMs: (name) => eventWindowMs.call(primary, name) }),
    ...(countsOver === undefined
      ? {}
      : { countsOver: (window, query, signal) => countsOver.call(primary, window, query, signal) }),
  };
}
