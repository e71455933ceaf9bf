import { createJsonEndpointSource } from '../../src/metrics/json-endpoint-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { describeMetricSource } from '../conformance/metric-source.ts';
import { createCountingProducer, toldTotals } from './counting-producer.ts';
import { startJsonServer } from './json-server.ts';

const slowMs = 300;

describeMetricSource('json-endpoint', async ({ arms }) => {
  const producer = createCountingProducer({ arms, slowMs });
  let broken = false;
  const server = await startJsonServer((request, response) => {
    if (broken) return request.socket.destroy();
    const told = { baseline: toldTotals(producer.totals('baseline')), canary: toldTotals(producer.totals('canary')) };
    return response.end(JSON.stringify({ arms: told }));
  });
  const source = createJsonEndpointSource({
    url: `${server.url}/stats`,
    everyMs: 500,
    timeoutMs: 1000,
    settleMs: 500,
    headersFromEnv: {},
    environment: {},
    select: { baseline: 'arms.baseline', canary: 'arms.canary' },
    since: null,
    requests: { kind: 'counter', part: 'failures', of: 'requests' },
    latency: 'latency',
    events: { orders: { kind: 'counter', part: 'events.orders.events', of: 'events.orders.opportunities' } },
    revisions: {
      baseline: arms.baseline === null ? null : { version: '1.0.0', revisionId: arms.baseline },
      canary: arms.canary === null ? null : { version: '2.0.0', revisionId: arms.canary },
    },
    clock: createSystemClock(),
  });
  return {
    source,
    stratum: 'user',
    requestTimeoutMs: 1500,
    slowMs,
    slowAboveMs: 250,
    behave: producer.behave,
    break: async () => {
      broken = true;
    },
    repair: async () => {
      broken = false;
    },
    contacts: server.requests,
    close: async () => {
      producer.close();
      await server.close();
    },
  };
});
