import type { MetricSource } from '../model/metric-source.ts';

/**
 * A source with the counted events of others beside its own. An event is asked of the source that knows its name; only the
 * primary one decides whether the source is heard, so that a dead business metric never holds a run by itself. Throws an
 * Error when two sources count the same name.
 */
export function withEvents(primary: MetricSource, others: readonly MetricSource[]): MetricSource {
  if (others.length === 0) return primary;
  const owners = new Map<string, MetricSource>();
  for (const source of [primary, ...others]) {
    for (const name of source.traits.events) {
      if (owners.has(name)) throw new Error(`${name} is counted by two sources`);
      owners.set(name, source);
    }
  }
  const { countsOver } = primary;
  return {
    kind: primary.kind,
    traits: { ...primary.traits, events: [...owners.keys()] },
    start: async (arms, signal) => {
      await Promise.all([primary, ...others].map((source) => source.start(arms, signal)));
    },
    knownUntilMs: () => primary.knownUntilMs(),
    silentForMs: () => primary.silentForMs(),
    problem: () => primary.problem?.() ?? null,
    measure: (query, window, arm) => {
      const owner = query.kind === 'events' ? (owners.get(query.name) ?? primary) : primary;
      return owner.measure(query, window, arm);
    },
    latency: (window, arm, stratum) => primary.latency(window, arm, stratum),
    eventWindowMs: (name) => {
      const owner = owners.get(name) ?? primary;
      return owner.eventWindowMs?.(name) ?? owner.traits.windowMs;
    },
    takeInstanceEvents: () => primary.takeInstanceEvents(),
    ...(countsOver === undefined
      ? {}
      : { countsOver: (window, query, signal) => countsOver.call(primary, window, query, signal) }),
  };
}
