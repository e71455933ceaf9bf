import type { MetricSource } from '../model/metric-source.ts';

/**
 * A source that counts elsewhere, with what the target's own `feed` tells beside it: instances that ended, and answers to
 * users that named another version, unless the `answersOf` the source itself are better. Without it the hard rules would hear
 * of neither.
 */
export function withInstances(
  primary: MetricSource,
  feed: MetricSource,
  answersOf: 'primary' | 'feed' = 'feed',
): MetricSource {
  const { countsOver, eventWindowMs } = primary;
  return {
    kind: primary.kind,
    traits: primary.traits,
    start: async (arms, signal) => {
      await Promise.all([primary, feed].map((source) => source.start(arms, signal)));
    },
    knownUntilMs: () => primary.knownUntilMs(),
    silentForMs: () => primary.silentForMs(),
    problem: () => primary.problem?.() ?? null,
    measure: (query, window, arm) => {
      const answers = query.kind === 'wrong_revision' && query.stratum === 'user';
      const asked = answers && answersOf === 'feed' ? feed : primary;
      return asked.measure(query, window, arm);
    },
    latency: (window, arm, stratum) => primary.latency(window, arm, stratum),
    takeInstanceEvents: () => [...primary.takeInstanceEvents(), ...feed.takeInstanceEvents()],
    ...(eventWindowMs === undefined ? {} : { eventWindowMs: (name) => eventWindowMs.call(primary, name) }),
    ...(countsOver === undefined
      ? {}
      : { countsOver: (window, query, signal) => countsOver.call(primary, window, query, signal) }),
  };
}
