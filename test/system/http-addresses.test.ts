import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createCheckedLookup } from '../../src/system/checked-lookup.ts';
import { forbiddenReason } from '../../src/system/forbidden-address.ts';
import { httpRequest } from '../../src/system/http.ts';

const metadata = [
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://169.254.43518/',
  'http://①⑥⑨.254.169.254/',
  'http://169。254。169。254/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[::a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::1]/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://100.100.100.200/',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://METADATA.google.internal./',
  'http://metadata/',
];

describe('addresses that are never asked', () => {
  it.each(metadata)('%s', async (url) => {
    await expect(httpRequest({ url, timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      message: expect.stringContaining('never asked'),
    });
  });

  it.each(['127.0.0.1', '::1', '10.0.0.7', '192.168.1.1', '93.184.216.34', '2606:2800:220:1::1', 'example.org'])(
    '%s may be asked',
    (address) => {
      expect(forbiddenReason(address)).toBeNull();
    },
  );

  it.each([
    'ftp://127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'javascript:1',
    'http://',
    'not an address',
  ])('%s is no address', async (url) => {
    await expect(httpRequest({ url, timeoutMs: 500 })).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });
});

describe('httpRequest', () => {
  let close: (() => void) | null = null;
  afterEach(() => close?.());

  async function serve(
    answer: (path: string) => [number, Record<string, string>, string],
  ): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      const [status, headers, body] = answer(request.url ?? '');
      response.writeHead(status, headers);
      response.end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = () => void server.close();
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { url: `http://127.0.0.1:${address.port}`, seen };
  }

  it('does not follow a redirect, wherever it leads', async () => {
    const { url, seen } = await serve(() => [302, { location: 'http://169.254.169.254/latest/' }, '']);
    const answer = await httpRequest({ url: `${url}/a`, timeoutMs: 2000 });
    expect([answer.status, seen]).toEqual([302, ['/a']]);
  });

  it('sends no user info, and no header that would be two', async () => {
    const { url, seen } = await serve(() => [200, {}, 'ok']);
    const withUser = url.replace('http://', 'http://me:secret-word@');
    const refused = httpRequest({ url: withUser, timeoutMs: 1000 });
    await expect(refused).rejects.toMatchObject({ code: 'HTTP_FAILED' });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret-word') });
    await expect(httpRequest({ url, headers: { 'x-a': 'b\r\nx-c: d' }, timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'HTTP_FAILED',
    });
    expect(seen).toEqual([]);
  });

  it('keeps no more than the limit', async () => {
    const { url } = await serve(() => [200, {}, 'x'.repeat(100_000)]);
    expect(await httpRequest({ url, timeoutMs: 2000, maxBytes: 10 })).toMatchObject({
      body: 'x'.repeat(10),
      truncated: true,
    });
  });
});

describe('createCheckedLookup', () => {
  const ask = (answers: string[][], options: { all?: boolean } = {}) => {
    const lookup = createCheckedLookup((_host, done) =>
      done(
        null,
        (answers.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    );
    return () =>
      new Promise((resolve) => lookup('rebind.test', options, (error, address) => resolve(error?.message ?? address)));
  };

  it('refuses a name of which one address is forbidden', async () => {
    expect(await ask([['93.184.216.34', '169.254.169.254']])()).toContain('never asked');
    expect(await ask([['::ffff:169.254.169.254']], { all: true })()).toContain('never asked');
    expect(await ask([[]])()).toContain('no address');
  });

  it('connects to what it has checked: a name that answers otherwise the second time is checked again', async () => {
    const resolve = ask([['93.184.216.34'], ['169.254.169.254']], { all: true });
    expect(await resolve()).toEqual([{ address: '93.184.216.34', family: 4 }]);
    expect(await resolve()).toContain('never asked');
  });
});
