import type http from 'node:http';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJsonPath } from '../../../src/checks/smoke/json-path.ts';
import { runSmoke, type SmokeRequest } from '../../../src/checks/smoke/run-smoke.ts';
import type { CheckResult } from '../../../src/model/check.ts';
import { smokeSchema } from '../../../src/model/config/smoke.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { startServer, temporaryProject } from '../scene.ts';

type Input = z.input<typeof smokeSchema>;
const path = process.env['PATH'] ?? '';

function run(smoke: Input[], changes: Partial<SmokeRequest> = {}): Promise<CheckResult[]> {
  return runSmoke({
    smoke: z.array(smokeSchema).parse(smoke),
    on: 'environment',
    baseUrl: 'http://127.0.0.1:1',
    version: '1.1.0',
    projectDirectory: process.cwd(),
    environmentEnv: { PATH: path },
    signal: new AbortController().signal,
    clock: createSystemClock(),
    ...changes,
  });
}

const json = (response: http.ServerResponse, value: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};

describe('runSmoke over HTTP', () => {
  it('sends what is configured and compares everything', async ({ onTestFinished }) => {
    const seen: unknown[] = [];
    const baseUrl = await startServer(onTestFinished, (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        seen.push([request.method, request.url, request.headers['x-key'], request.headers['x-seatrial-probe'], body]);
        json(response, { order: { state: 'accepted', items: [{ id: 7 }], note: null } }, { 'X-Version': '1.1.0' });
      });
    });
    const request = { method: 'POST' as const, path: '/checkout?a=1', headers: { 'x-key': 'k' }, body: '{"item":1}' };
    const good = {
      status: 200,
      json: { 'order.state': 'accepted', 'order.items[0].id': 7, 'order.items.0.id': 7, 'order.note': null },
      text: 'accepted',
      faster: '5s',
      header: { 'x-version': '{version}' },
    };
    const [passed] = await run([{ name: 'Checkout works', category: 'critical-path', request, expect: good }], {
      baseUrl: `${baseUrl}/`,
    });
    expect(passed).toMatchObject({
      id: 'smoke-checkout-works',
      status: 'passed',
      category: 'critical-path',
      blocking: true,
      attempts: 1,
    });
    expect(passed?.evidence).toMatchObject({ status: 200, excerpt: expect.stringContaining('accepted') });
    expect(seen).toEqual([['POST', '/checkout?a=1', 'k', '1', '{"item":1}']]);

    const bad = {
      status: 201,
      json: { 'order.state': 'open', 'order.items.1.id': 7, 'order.items.0.id': '7' },
      text: 'nope',
      header: { 'x-version': '2', 'x-none': 'y' },
    };
    const [failed] = await run([{ name: 'c', request, expect: bad }], { baseUrl });
    expect(failed?.status).toBe('failed');
    for (const part of [
      'status 200, expected 201',
      'order.state is "accepted", expected "open"',
      'order.items.1.id is missing',
      'order.items.0.id is 7, expected "7"',
      'does not contain "nope"',
      'header x-version is "1.1.0", expected "2"',
      'header x-none is missing',
    ]) {
      expect(failed?.reason).toContain(part);
    }
  });

  it('fails for slow, silent, broken and absent services, each with its reason', async ({ onTestFinished }) => {
    const baseUrl = await startServer(onTestFinished, (request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('late'), 150);
      if (request.url === '/cut') response.destroy();
      if (request.url === '/html') response.end('<html>');
    });
    const reasons = await run(
      [
        { name: 'slow', request: { path: '/slow' }, expect: { faster: '50ms' } },
        { name: 'silent', request: { path: '/silent' }, timeout: '100ms' },
        { name: 'cut', request: { path: '/cut' } },
        { name: 'html', request: { path: '/html' }, expect: { json: { a: 1 } } },
      ],
      { baseUrl },
    );
    expect(reasons.map((result) => result.status)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect(reasons[0]?.reason).toContain('the limit is 50 ms');
    expect(reasons[1]?.reason).toContain('100 ms');
    expect(reasons[3]?.reason).toContain('not JSON');
    expect(await run([{ name: 'absent', request: { path: '/' } }])).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('says flaky when a pass needed more than one attempt, and how often when none passed', async ({
    onTestFinished,
  }) => {
    let requests = 0;
    const baseUrl = await startServer(onTestFinished, (_request, response) => {
      requests++;
      response.writeHead(requests % 3 === 2 ? 200 : 503).end();
    });
    const retried: Input = { name: 'retried', attempts: 3, pause: '1ms', request: { path: '/' } };
    expect(await run([retried], { baseUrl })).toMatchObject([
      {
        status: 'passed',
        attempts: 2,
        reason: 'flaky: passed at attempt 2 of 3',
        evidence: { firstProblem: 'status 503, expected 200' },
      },
    ]);
    expect(await run([{ ...retried, attempts: 2 }], { baseUrl })).toMatchObject([
      { status: 'failed', attempts: 2, reason: 'status 503, expected 200 (after 2 attempts)' },
    ]);
  });

  it('cleans hostile answers', async ({ onTestFinished }) => {
    const hostile = `ok\u001b]0;owned\u0007\u202e${'x'.repeat(5000)}`;
    const baseUrl = await startServer(onTestFinished, (_request, response) => response.end(hostile));
    const [result] = await run([{ name: 'hostile\nname', request: { path: '/' } }], { baseUrl });
    expect(result?.title).toBe('hostile name');
    expect(String(result?.evidence['excerpt'])).toBe(`ok${'x'.repeat(197)}…`);
  });

  it('a header that cannot be sent is unknown, not a failure of the service', async () => {
    expect(await run([{ name: 'bad header', request: { path: '/', headers: { 'x-a': 'b\nc' } } }])).toMatchObject([
      { status: 'unknown' },
    ]);
  });
});

describe('runSmoke with commands', () => {
  const node = (source: string): string[] => [process.execPath, '-e', source];

  it('tells them where and what, in the project, with the environment of the service and no more', async ({
    onTestFinished,
  }) => {
    const projectDirectory = temporaryProject(onTestFinished);
    const source =
      'console.log(JSON.stringify([process.env.SEATRIAL_URL, process.env.SEATRIAL_VERSION, process.env.DB, process.env.VITEST ?? null, process.cwd()]))';
    const [result] = await run([{ name: 'db', category: 'database', command: node(source) }], {
      baseUrl: 'http://host',
      environmentEnv: { PATH: path, DB: 'x' },
      projectDirectory,
    });
    expect(result).toMatchObject({ status: 'passed', category: 'database' });
    expect(JSON.parse(String(result?.evidence['excerpt']))).toEqual([
      'http://host',
      '1.1.0',
      'x',
      null,
      projectDirectory,
    ]);
  });

  it('fails by exit code and by time, is unknown when there is no such program', async () => {
    const results = await run([
      { name: 'red', command: node('console.error("row is missing"); process.exit(2)') },
      { name: 'slow', command: node('setTimeout(() => {}, 60000)'), timeout: '200ms' },
      { name: 'none', command: ['no-such-program-here'] },
    ]);
    expect(results).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('exit code 2'), evidence: { excerpt: 'row is missing' } },
      { status: 'failed', reason: expect.stringContaining('not finished') },
      { status: 'unknown', reason: expect.stringContaining('not found') },
    ]);
  });
});

describe('which smoke checks run', () => {
  const both: Input[] = [
    { name: 'Only candidate', on: ['candidate'], command: ['true'] },
    { name: 'Only environment', on: ['environment'], command: ['true'] },
    { name: 'only environment', on: ['environment'], command: ['true'] },
  ];

  it.each([
    ['candidate', ['smoke-only-candidate']],
    ['environment', ['smoke-only-environment', 'smoke-only-environment-2']],
    ['rollback', ['smoke-only-environment', 'smoke-only-environment-2']],
  ] as const)('%s', async (on, ids) => {
    expect((await run(both, { on })).map((result) => result.id)).toEqual(ids);
  });

  it('none at all is one skipped result, never a pass', async () => {
    expect(await run([], { on: 'rollback' })).toMatchObject([
      { status: 'skipped', reason: 'rollback: no smoke check is configured' },
    ]);
    expect(await run(both.slice(0, 1))).toMatchObject([
      { status: 'skipped', reason: expect.stringContaining('none of 1') },
    ]);
  });

  it('a place without an address and a cancelled run are unknown', async () => {
    expect(await run(both, { on: 'candidate', baseUrl: null })).toMatchObject([{ status: 'unknown' }]);
    const ending = new AbortController();
    ending.abort();
    expect(await run(both, { on: 'candidate', signal: ending.signal })).toMatchObject([
      { status: 'unknown', reason: 'cancelled' },
    ]);
  });
});

describe('readJsonPath', () => {
  it.each([
    [{ a: { b: [1, { c: 2 }] } }, 'a.b[1].c', { there: true, value: 2 }],
    [[[5]], '0.0', { there: true, value: 5 }],
    [[[5]], '[0][0]', { there: true, value: 5 }],
    [{ a: null }, 'a', { there: true, value: null }],
    [{ a: null }, 'a.b', { there: false }],
    [{}, 'constructor', { there: false }],
    [{}, '__proto__', { there: false }],
    [[1], 'length', { there: false }],
    [7, '', { there: true, value: 7 }],
  ])('%j at %s', (document, at, expected) => {
    expect(readJsonPath(document, at)).toEqual(expected);
  });
});
