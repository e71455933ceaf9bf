import { describeTarget } from '../../conformance/target-contract.ts';
import { ask } from '../../fixtures/http-client.ts';
import { createProcessPlace } from '../../fixtures/process-place.ts';

describeTarget('the process target', async () => {
  const place = await createProcessPlace({ health: { interval: '100ms', timeout: '500ms', startup: '1s' } });
  return {
    target: place.target,
    act: place.act,
    close: place.close,
    revision: (version, kind) => place.revision(version, kind === 'never-healthy' ? { neverHealthy: true } : {}),
    readLive: async () => {
      const reply = await ask(place.url).catch(() => null);
      return reply?.status === 200 ? String(reply.headers['x-seatrial-revision']) : null;
    },
  };
});
