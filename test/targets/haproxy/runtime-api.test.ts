import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refusalKind } from '../../../src/targets/haproxy/runtime-answer.ts';
import { createRuntimeApi, type RuntimeApi } from '../../../src/targets/haproxy/runtime-api.ts';
import { showInfo, showServersConn, showServersState, showStat } from './recorded-answers.ts';

const signal = new AbortController().signal;
const place = { backend: 'be_b', server: 'rev-1' };
const fresh = { ...place, address: '127.0.0.1', port: 9001, weight: 0, check: null, maxConnections: null };
let directory: string;
let server: net.Server;
let api: RuntimeApi;
/** Lines that were sent, and what is answered to each, in order. */
let lines: string[];
let answers: string[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'seatrial-runtime-'));
  const path = join(directory, 'haproxy.sock');
  server = net.createServer((socket) =>
    socket.once('data', (bytes) => {
      lines.push(bytes.toString());
      socket.end(answers.shift() ?? '');
    }),
  );
  server.listen(path);
  await once(server, 'listening');
  api = createRuntimeApi({ address: { path }, connectTimeoutMs: 500, timeoutMs: 1000 });
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  lines = [];
  answers = [];
});

describe('the runtime API', () => {
  it('reads what it asks for', async () => {
    answers = [showInfo, showStat, showServersState, showServersConn, 'operator\n\n', '# name\nbe_a\nbe_b\n\n'];
    expect((await api.info(signal)).pid).toBe(28_396);
    expect((await api.stat('be_a', signal)).length).toBe(4);
    expect((await api.serversState('be_a', signal)).length).toBe(5);
    expect((await api.connections('be_a', signal)).length).toBe(3);
    expect(await api.level(signal)).toBe('operator');
    expect(await api.backends(signal)).toEqual(['be_a', 'be_b']);
    expect(lines.map((line) => line.trimEnd())).toEqual([
      'show info',
      'show stat be_a 6 -1',
      'show servers state be_a',
      'show servers conn be_a',
      'show cli level',
      'show backend',
    ]);
  });

  it('hands the state of all servers over as the file that HAProxy reads at a reload', async () => {
    answers = [showServersState];
    const text = await api.serversStateText(signal);
    expect(text.startsWith('1\n# be_id')).toBe(true);
    expect(text.endsWith(' 0\n')).toBe(true);
    expect(showServersState.startsWith(text)).toBe(true);
  });

  it('sets weights in one line, the highest first, and takes silence for done', async () => {
    answers = [`${showInfo}\n\n\n`];
    const weights = [13, 247, 0].map((weight, index) => ({ backend: 'be_b', server: `s${index}`, weight }));
    expect((await api.setWeights(weights, signal)).pid).toBe(28_396);
    expect(lines).toEqual(['show info;set weight be_b/s1 247;set weight be_b/s0 13;set weight be_b/s2 0\n']);
  });

  it('does not take for done what a worker was told that a reload is replacing', async () => {
    answers = [`${showInfo.replace('Stopping: 0', 'Stopping: 1')}\n`];
    await expect(api.setMapValue('/m', { key: 'split', value: '0:x' }, signal)).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      retryable: true,
    });
    expect(lines).toEqual(['show info;set map /m split 0:x\n']);
  });

  it.each<[string, string, () => Promise<unknown>]>([
    ['a weight', `${showInfo}No such server.\n\n`, () => api.setWeights([{ ...place, weight: 1 }], signal)],
    ['a state', 'Permission denied\n\n', () => api.setState(place, 'drain', signal)],
    ['an address', "Invalid addr '::1' by 'stats socket command'\n\n", () => api.setAddress(place, fresh, signal)],
    ['an address, by silence', '\n', () => api.setAddress(place, fresh, signal)],
    ['a new server, by silence', '\n', () => api.addServer(fresh, signal)],
    ['a new server', "unknown keyword 'nonsense'.\n\n", () => api.addServer(fresh, signal)],
    ['a deletion', 'No such server.\n', () => api.delServer(place, 1000, signal)],
    ['a map', `${showInfo}entry not found.\n\n`, () => api.setMapValue('/m', { key: 'a', value: 'b' }, signal)],
    ['statistics', 'No such proxy.\n\n', () => api.stat('be_x', signal)],
    ['a level that is not known', 'root\n\n', () => api.level(signal)],
    ['anything at all', '\n', () => api.maps(signal)],
    ['a health check', 'Something new\n\n', () => api.setHealth(place, true, signal)],
    ['shutting sessions', 'No such server.\n\n', () => api.shutdownSessions(place, signal)],
  ])('takes a refusal of %s for an error', async (_, answer, work) => {
    answers = [answer];
    await expect(work()).rejects.toMatchObject({ code: 'TARGET_REFUSED', retryable: false });
  });

  it('takes the words of success where HAProxy says some', async () => {
    answers = [
      'New server registered.\n\n',
      "IP changed from '::1' to '127.0.0.1', no need to change the port by 'x'\n\n",
    ];
    await api.addServer(fresh, signal);
    await api.setAddress(place, { address: '127.0.0.1', port: 9001 }, signal);
    expect(lines[1]).toBe('set server be_b/rev-1 addr 127.0.0.1 port 9001\n');
  });

  it('deletes as soon as the server is unused, and gives up at the limit', async () => {
    const busy = 'Server still has connections attached to it, cannot remove it.\n';
    answers = [busy, busy, 'Server deleted.\n'];
    await api.delServer(place, 2000, signal);
    expect(lines.length).toBe(3);
    answers = new Array<string>(10).fill(busy);
    const failed = await api.delServer(place, 120, signal).catch((thrown: unknown) => thrown);
    expect(refusalKind(failed)).toBe('server in use');
    answers = ['Only servers in maintenance mode can be deleted.\n'];
    lines = [];
    expect(refusalKind(await api.delServer(place, 2000, signal).catch((thrown: unknown) => thrown))).toBe(
      'not in maintenance',
    );
    expect(lines.length).toBe(1);
  });

  it('replaces a map in a version of its own, and never commits one that is incomplete', async () => {
    const entries = Array.from({ length: 17 }, (_, index) => ({ key: `k${index}`, value: 'v' }));
    answers = ['New version created: 4\n\n', '\n'.repeat(15), '\n\n', '\n'];
    await api.replaceMap('/m', entries, signal);
    expect(lines[0]).toBe('prepare map /m\n');
    expect(lines[1]?.split(';')).toHaveLength(15);
    expect(lines[2]).toBe('add map @4 /m k15 v;add map @4 /m k16 v\n');
    expect(lines[3]).toBe('commit map @4 /m\n');
    lines = [];
    answers = ['New version created: 5\n\n', "\nVersion number in the future, please use 'prepare map' before.\n\n"];
    await expect(api.replaceMap('/m', entries.slice(0, 2), signal)).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
    expect(lines.some((line) => line.startsWith('commit'))).toBe(false);
    await expect(api.replaceMap('/m', [...entries, ...entries], signal)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });
});
