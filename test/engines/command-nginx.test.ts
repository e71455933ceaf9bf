import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revision } from '../../src/model/revision.ts';
import type { TrafficControl } from '../../src/model/target.ts';
import { httpRequest } from '../../src/system/http.ts';
import { createNginxPlace, type NginxPlace, nginxBinary } from '../fixtures/nginx-place.ts';
import { pidsBelow, stopPids } from '../fixtures/pids-below.ts';
import { openWebsocket } from '../fixtures/websocket-client.ts';

const missing = nginxBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/command-nginx.test.ts: nginx is not installed (apt-get install nginx-light)');

async function readLive({ url }: NginxPlace): Promise<string | null> {
  const answer = await httpRequest({ url, timeoutMs: 2000 }).catch(() => null);
  return answer?.headers['x-revision'] || null;
}

describe.skipIf(missing)('the data plane of a script fleet over nginx', () => {
  let place: NginxPlace;
  let one: Revision;
  let two: Revision;
  beforeEach(async () => {
    place = await createNginxPlace();
    [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.target.provision({ revision: one, instances: 2 }, place.act());
    await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
    await place.target.provision({ revision: two, instances: 2 }, place.act());
  });
  afterEach(() => place.close());

  const signal = new AbortController().signal;
  const traffic = (): TrafficControl => {
    if (place.target.traffic === undefined) throw new Error('no traffic control');
    return place.target.traffic;
  };
  const weigh = (weightPercent: number): Promise<void> =>
    traffic().setWeight({ revisionId: two.id, weightPercent }, place.act());
  const shareOfTwo = async (requests: number): Promise<number> => {
    let seen = 0;
    for (let sent = 0; sent < requests; sent += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => readLive(place)));
      expect(answers.every((id) => id === one.id || id === two.id)).toBe(true);
      seen += answers.filter((id) => id === two.id).length;
    }
    return seen / requests;
  };

  it('follows every weight, up and down in any order, and loses no request meanwhile', async () => {
    for (const weight of [10, 50, 0, 25, 100, 0]) {
      await weigh(weight);
      // Binomial: five standard deviations of 600 requests.
      const tolerance = 5 * Math.sqrt(((weight / 100) * (1 - weight / 100)) / 600);
      expect(Math.abs((await shareOfTwo(600)) - weight / 100)).toBeLessThanOrEqual(tolerance);
    }
  });

  it('drains under load: waits for a long request, and counts a websocket that stays', async () => {
    await weigh(100);
    const slow = httpRequest({ url: `${place.url}/slow?ms=6000`, timeoutMs: 15_000 });
    const socket = await openWebsocket(`${place.url}/echo`);
    expect(await socket.echo('hello')).toBe('hello');
    const drain = (deadlineMs: number): Promise<{ cut: number }> =>
      traffic().drain({ revisionId: two.id, deadlineMs }, place.act());
    await expect(drain(200)).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
    await weigh(0);
    // Both are still open; what was asked before the weight moved is answered by the revision that it was sent to.
    expect(await drain(100)).toEqual({ cut: 2 });
    expect(await drain(9000)).toEqual({ cut: 1 });
    expect((await slow).headers['x-revision']).toBe(two.id);
    expect(await socket.echo('still here')).toBe('still here');
    socket.socket.destroy();
    expect(await drain(2000)).toEqual({ cut: 0 });
  });

  it('goes on where a driver was killed in the middle of a step', async () => {
    const three = place.revision('3.0.0');
    const argv = [
      'provision',
      three.version,
      three.id,
      '--instances=2',
      '--startup-ms=5000',
      `--port=${new URL(place.url).port}`,
    ];
    const program = join(process.cwd(), 'test/fixtures/nginx-fleet/fleet.mjs');
    const child = spawn(process.execPath, [program, place.fleet, ...argv], {
      cwd: place.project,
      stdio: 'ignore',
      env: { ...process.env, SEATRIAL_FENCE: '1' },
    });
    const started = (): boolean => readFileSync(join(place.fleet, 'fleet.json'), 'utf8').includes(three.id);
    while (!started()) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await place.target.provision({ revision: three, instances: 2 }, place.act());
    const placed = (await place.target.inspect(signal)).revisions.find(({ revision }) => revision.id === three.id);
    expect(placed?.instances.map(({ state }) => state)).toEqual(['ready', 'ready']);
    // What the killed one had started is taken up, not started a second time beside it.
    const servers = pidsBelow(join(place.project, 'releases', three.version));
    expect(servers).toHaveLength(2);
  });

  it('says so when nginx is down, and sees a reload by somebody else', async () => {
    await weigh(25);
    const before = await place.target.inspect(signal);
    const config = join(place.fleet, 'nginx.conf');
    // Somebody else writes another split and reloads: what inspect tells is what nginx has loaded, not what lies in a file.
    const text = readFileSync(config, 'utf8');
    writeFileSync(
      config,
      text
        .replace('"2.0.0-abcdef012345":25', '"2.0.0-abcdef012345":50')
        .replace('"1.0.0-abcdef012345":75', '"1.0.0-abcdef012345":50'),
    );
    execFileSync(nginxBinary ?? '', ['-s', 'reload', '-c', config], { stdio: 'ignore' });
    await expect.poll(async () => (await place.target.inspect(signal)).token, { timeout: 5000 }).not.toBe(before.token);
    writeFileSync(config, text);
    stopPids([Number(readFileSync(join(place.fleet, 'nginx.pid'), 'utf8'))], 'SIGTERM');
    await expect.poll(async () => (await place.target.inspect(signal)).up, { timeout: 5000 }).toBe(false);
    // The next change starts it again.
    await weigh(25);
    expect((await place.target.inspect(signal)).token).toBe(before.token);
  });

  it('names a program that may not be run', async () => {
    const program = join(place.project, 'deploy');
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    chmodSync(program, 0o644);
    expect(existsSync(program)).toBe(true);
    const target = place.another({ commands: { inspect: { argv: [program] } } });
    await expect(target.inspect(signal)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });
});
