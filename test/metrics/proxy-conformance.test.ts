import { createProxySource } from '../../src/metrics/proxy-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { describeMetricSource } from '../conformance/metric-source.ts';
import { startFeedServer } from './feed-server.ts';

for (const skewMs of [0, -4000]) {
  describeMetricSource(`proxy, producer's clock off by ${skewMs} ms`, async ({ arms }) => {
    const server = await startFeedServer({ arms, skewMs, requestTimeoutMs: 1500, slowMs: 200 });
    return {
      source: createProxySource({ feed: server.feed, clock: createSystemClock(), requestTimeoutMs: 1500 }),
      stratum: 'user',
      requestTimeoutMs: 1500,
      slowMs: 200,
      behave: server.behave,
      break: async () => server.break(),
      repair: async () => server.repair(),
      contacts: server.frames,
      close: server.close,
    };
  });
}
