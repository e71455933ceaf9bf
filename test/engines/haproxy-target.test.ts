import { describeTarget } from '../conformance/target-contract.ts';
import { createHaproxyPlace } from '../fixtures/haproxy-place.ts';
import { ask } from '../fixtures/http-client.ts';
import { haproxyBinary } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-target.test.ts: haproxy is not installed (apt-get install haproxy)');

if (!missing)
  describeTarget('the haproxy target', async () => {
    const place = await createHaproxyPlace({ health: { interval: '100ms', timeout: '500ms', startup: '1s' } });
    return {
      target: place.target,
      act: place.act,
      close: place.close,
      revision: (version, kind) => place.revision(version, kind === 'never-healthy' ? { neverHealthy: true } : {}),
      readLive: async () => {
        const reply = await ask(place.haproxy.url).catch(() => null);
        return reply?.status === 200 ? String(reply.headers['x-seatrial-revision']) : null;
      },
    };
  });
