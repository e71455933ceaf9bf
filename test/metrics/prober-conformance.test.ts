import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createProberSource } from '../../src/metrics/prober-source.ts';
import type { Arm } from '../../src/model/metric-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { type Behaviour, describeMetricSource } from '../conformance/metric-source.ts';

const slowMs = 200;

describeMetricSource('prober', async ({ arms }) => {
  const servers = { baseline: await startService(), canary: await startService() };
  let broken = false;
  const urlOf = (arm: Arm) => async (): Promise<string | null> => {
    if (broken) throw new Error('the host does not answer');
    return arms[arm] === null ? null : servers[arm].url;
  };
  const source = createProberSource({
    baselineUrl: urlOf('baseline'),
    canaryUrl: urlOf('canary'),
    path: '/health',
    ratePerSecond: 20,
    timeoutMs: 1500,
    clock: createSystemClock(),
  });
  return {
    source,
    stratum: 'probe',
    requestTimeoutMs: 1500,
    slowMs,
    behave: (arm, how) => servers[arm].behave(how),
    break: async () => {
      broken = true;
    },
    repair: async () => {
      broken = false;
    },
    contacts: () => servers.baseline.requests() + servers.canary.requests(),
    close: async () => {
      await Promise.all([servers.baseline.close(), servers.canary.close()]);
    },
  };
});

type Service = { url: string; behave(how: Behaviour): void; requests(): number; close(): Promise<void> };

async function startService(): Promise<Service> {
  let how: Behaviour = 'ok';
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests++;
    if (request.headers['x-seatrial-probe'] !== '1' || request.url !== '/health') return response.writeHead(500).end();
    if (how === 'fail') return response.writeHead(503).end('no');
    if (how === 'hang') return undefined;
    return setTimeout(() => response.end('ok'), how === 'slow' ? slowMs : 0);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    behave: (next) => {
      how = next;
    },
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
