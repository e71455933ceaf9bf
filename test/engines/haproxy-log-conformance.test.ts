import { describe } from 'vitest';
import { createProxySource } from '../../src/metrics/proxy-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { describeMetricSource } from '../conformance/metric-source.ts';
import { createLoggedTraffic, slowMs } from '../fixtures/logged-traffic.ts';
import { haproxyBinary } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn(
    'SKIPPED test/engines/haproxy-log-conformance.test.ts: haproxy is not installed (apt-get install haproxy)',
  );

describe.skipIf(missing)('the log of a real HAProxy', () => {
  describeMetricSource('proxy, where HAProxy logs requests', async () => {
    const traffic = await createLoggedTraffic();
    // Both have served before anybody looks, so that they are not taken for cold.
    await Promise.all(Array.from({ length: 40 }, () => traffic.send()));
    const beat = setInterval(() => void traffic.send(), 20);
    const { feed } = traffic;
    return {
      source: createProxySource({ feed, clock: createSystemClock(), requestTimeoutMs: feed.longestOpenMs ?? 0 }),
      stratum: 'user',
      requestTimeoutMs: 1500,
      slowMs,
      behave: traffic.behave,
      break: async () => traffic.deaf(true),
      repair: async () => traffic.deaf(false),
      contacts: traffic.asked,
      close: async () => {
        clearInterval(beat);
        await traffic.close();
      },
    };
  });
});
