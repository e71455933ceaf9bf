import { describe, expect, it } from 'vitest';
import { withInstances } from '../../src/metrics/with-instances.ts';
import type { MetricSource } from '../../src/model/metric-source.ts';
import type { InstanceEvent } from '../../src/model/traffic.ts';

const window = { fromMs: 0, toMs: 1000 };
const exited: InstanceEvent = {
  revisionId: 'r',
  instanceId: 'i1',
  atMs: 5,
  what: 'exited',
  code: 1,
  signal: null,
  excerpt: null,
};

function sourceOf(
  kind: string,
  windowMs: number,
  more: Partial<MetricSource> = {},
): MetricSource & { started: number } {
  const source = {
    kind,
    started: 0,
    traits: { windowMs, countedBy: 'arrival', settleMs: 0, latency: 'none', events: [] } as const,
    start: async () => void source.started++,
    knownUntilMs: () => windowMs,
    silentForMs: () => windowMs,
    measure: (_: unknown, asked: typeof window) => ({
      status: 'no_data' as const,
      window: asked,
      source: kind,
      reason: 'none',
    }),
    latency: () => null,
    takeInstanceEvents: () => [],
    ...more,
  };
  return source;
}

describe('a source that counts elsewhere, beside the feed of the target', () => {
  const prometheus = sourceOf('prometheus', 1000, { problem: () => 'refused' });
  const feed = sourceOf('proxy', 250, { takeInstanceEvents: () => [exited] });
  const both = withInstances(prometheus, feed);

  it('hears of instances and of wrong answers to users by the feed, and of everything else by the source', async () => {
    const askedOf = (query: Parameters<MetricSource['measure']>[0]) => both.measure(query, window, 'canary').source;
    expect(both.takeInstanceEvents()).toEqual([exited]);
    expect(askedOf({ kind: 'wrong_revision', stratum: 'user' })).toBe('proxy');
    expect(askedOf({ kind: 'wrong_revision', stratum: 'probe' })).toBe('prometheus');
    expect(askedOf({ kind: 'requests', stratum: 'user' })).toBe('prometheus');
    expect([both.kind, both.traits.windowMs, both.knownUntilMs()]).toEqual(['prometheus', 1000, 1000]);
    await both.start({ baseline: 'a', canary: 'b' }, new AbortController().signal);
    expect([prometheus.started, feed.started]).toEqual([1, 1]);
  });

  it('is silent as the source is, whatever the feed does', () => {
    expect([both.silentForMs(), both.problem?.()]).toEqual([1000, 'refused']);
    expect(both.countsOver).toBeUndefined();
    expect(both.eventWindowMs).toBeUndefined();
  });
});
