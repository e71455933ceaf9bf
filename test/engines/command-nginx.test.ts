import { describe } from 'vitest';

import { httpRequest } from '../../src/system/http.ts';
import { describeTarget, type TargetFixture } from '../conformance/target-contract.ts';
import { createNginxPlace, type NginxPlace, nginxBinary } from '../fixtures/nginx-place.ts';

const missing = nginxBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/command-nginx.test.ts: nginx is not installed (apt-get install nginx-light)');

async function readLive({ url }: NginxPlace): Promise<string | null> {
  const answer = await httpRequest({ url, timeoutMs: 2000 }).catch(() => null);
  return answer?.headers['x-revision'] || null;
}

async function fixture(without: Parameters<typeof createNginxPlace>[0] = []): Promise<TargetFixture> {
  const place = await createNginxPlace(without);
  return {
    target: place.target,
    revision: (version, kind = 'good') => place.revision(version, { neverHealthy: kind !== 'good' }),
    act: place.act,
    readLive: () => readLive(place),
    close: async () => place.close(),
  };
}

describe.skipIf(missing)('a script fleet over nginx', () => {
  describeTarget('with all its commands, it', () => fixture());
  describeTarget('with cutover alone, it', () => fixture(['set_weight', 'drain', 'rollback']));
  describeTarget('without traffic control and retire, it', () => fixture(['set_weight', 'cutover', 'retire']));
});
