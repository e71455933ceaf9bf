import { expect, it } from 'vitest';
import { createHaproxyPlace } from '../fixtures/haproxy-place.ts';
import { ask, eventually } from '../fixtures/http-client.ts';
import { scriptedInstances, scriptedPids } from '../fixtures/instance-commands.ts';
import { runs } from '../fixtures/process-place.ts';
import { haproxyBinary } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn(
    'SKIPPED test/engines/haproxy-instance-commands.test.ts: haproxy is not installed (apt-get install haproxy)',
  );

if (!missing)
  it('a good release of instances that commands start goes through HAProxy, and the former is gone', async () => {
    const health = { interval: '200ms', timeout: '1s', startup: '10s' };
    const place = await createHaproxyPlace({ ...scriptedInstances(), health });
    const act = place.act({ deadlineMs: 40_000 });
    const seen = async (): Promise<unknown> => (await ask(place.haproxy.url)).headers['x-app-version'];
    try {
      const one = place.revision('1.0.0');
      const two = place.revision('2.0.0');
      await place.target.provision({ revision: one, instances: 2 }, act);
      await place.target.promote({ revision: one, standbyMs: 0 }, act);
      await eventually(async () => (await seen()) === '1.0.0', 10_000);
      await place.target.provision({ revision: two, instances: 2 }, act);
      await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 50 }, act);
      await place.target.promote({ revision: two, standbyMs: 0 }, act);
      await eventually(async () => (await seen()) === '2.0.0', 10_000);
      const former = scriptedPids(place.project, '1.0.0');
      expect(former).toHaveLength(2);
      await place.target.retire({ revisionId: one.id }, act);
      expect(former.some(runs)).toBe(false);
      expect(scriptedPids(place.project, '2.0.0').every(runs)).toBe(true);
      expect((await ask(place.haproxy.url)).status).toBe(200);
    } finally {
      await place.close();
    }
  }, 120_000);
