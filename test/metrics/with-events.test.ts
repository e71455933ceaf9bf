import { describe, expect, it } from 'vitest';
import { withEvents } from '../../src/metrics/with-events.ts';
import type { MetricSource } from '../../src/model/metric-source.ts';

const window = { fromMs: 0, toMs: 250 };

function sourceOf(kind: string, events: string[], windowMs: number, knownMs: number | null): MetricSource {
  return {
    kind,
    traits: { windowMs, countedBy: 'arrival', settleMs: 0, latency: 'none', events },
    start: async () => undefined,
    knownUntilMs: () => knownMs,
    silentForMs: () => windowMs,
    measure: (_, window) => ({ status: 'no_data', window, source: kind, reason: 'none' }),
    latency: () => null,
    takeInstanceEvents: () => [],
  };
}

describe('a source with the events of others', () => {
  const proxy = sourceOf('proxy', [], 250, 1000);
  const both = withEvents(proxy, [
    sourceOf('prometheus', ['orders'], 5000, null),
    sourceOf('command', ['logins'], 1000, 7),
  ]);

  it('asks the one that knows the name, and the primary one for everything else', () => {
    const of = (name: string) => both.measure({ kind: 'events', name }, window, 'canary').source;
    expect([of('orders'), of('logins'), of('unknown')]).toEqual(['prometheus', 'command', 'proxy']);
    expect(both.measure({ kind: 'requests', stratum: 'user' }, window, 'canary').source).toBe('proxy');
    expect(both.traits).toMatchObject({ windowMs: 250, events: ['orders', 'logins'] });
  });

  it('tells the windows of each, and is silent only as the primary one is', () => {
    expect([both.eventWindowMs?.('orders'), both.eventWindowMs?.('logins')]).toEqual([5000, 1000]);
    expect([both.silentForMs(), both.knownUntilMs()]).toEqual([250, 1000]);
  });

  it('refuses a name that two sources count, and changes nothing where there is no other', () => {
    const orders = sourceOf('a', ['orders'], 1000, 1);
    expect(() => withEvents(proxy, [orders, orders])).toThrow('orders is counted by two sources');
    expect(withEvents(proxy, [])).toBe(proxy);
  });
});
