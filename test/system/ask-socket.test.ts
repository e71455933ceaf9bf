import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askSocket, type SocketQuestion } from '../../src/system/ask-socket.ts';

let directory: string;
let servers: net.Server[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seatrial-ask-'));
});
afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(directory, { recursive: true, force: true });
});

async function listen(answer: (socket: net.Socket, question: string) => void): Promise<string> {
  const path = join(directory, `${servers.length}.sock`);
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => answer(socket, bytes.toString()));
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return path;
}

function question(path: string, more: Partial<SocketQuestion> = {}): SocketQuestion {
  return { address: { path }, text: 'hello\n', connectTimeoutMs: 500, timeoutMs: 500, maxBytes: 1000, ...more };
}

describe('askSocket', () => {
  it('gives the whole answer, however it was cut into pieces, when the other side closes', async () => {
    const path = await listen((socket, text) => {
      const bytes = Buffer.from(`you said ${text.trim()} ✓`);
      socket.write(bytes.subarray(0, -1));
      setTimeout(() => socket.end(bytes.subarray(-1)), 10);
    });
    expect(await askSocket(question(path))).toBe('you said hello ✓');
  });

  it('ends at a terminator that arrives in two pieces, without waiting for the close', async () => {
    const path = await listen((socket) => {
      socket.write('one\ntwo\n> not yet ');
      setTimeout(() => socket.write('\n'), 5);
      setTimeout(() => socket.write('> '), 15);
    });
    expect(await askSocket(question(path, { terminator: '\n> ' }))).toBe('one\ntwo\n> not yet \n> ');
  });

  it('speaks TCP as well', async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.end('tcp')));
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    expect(await askSocket(question('', { address: { host: '127.0.0.1', port: bound.port } }))).toBe('tcp');
  });

  it('says that nobody is there, and that nothing was sent', async () => {
    const missing = join(directory, 'none.sock');
    await expect(askSocket(question(missing))).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      retryable: true,
      message: `The target ${missing} does not answer: there is no such socket; nothing was sent`,
    });
    writeFileSync(missing, '');
    await expect(askSocket(question(missing))).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
    const closed = await listen(() => undefined);
    servers[0]?.close();
    await expect(askSocket(question(closed))).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
    await expect(askSocket(question('', { address: { host: '127.0.0.1', port: 1 } }))).rejects.toThrow(
      'nobody listens there; nothing was sent',
    );
  });

  it('tells a lack of permission apart', async () => {
    const path = await listen((socket) => socket.end('secret'));
    chmodSync(path, 0o000);
    const asOther = <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (process.getuid?.() !== 0 || process.seteuid === undefined) return work();
      // The address is opened at once, within the call: only that must happen as another user.
      chmodSync(directory, 0o755);
      process.seteuid(65_534);
      try {
        return work();
      } finally {
        process.seteuid(0);
      }
    };
    await expect(asOther(() => askSocket(question(path)))).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
      retryable: false,
      message: `The target refused: no permission to open the socket ${path}`,
      remedy: expect.stringContaining('its mode, owner or group'),
    });
  });

  it('says after a time-out that the question may have been obeyed', async () => {
    const path = await listen((socket) => socket.write('half'));
    await expect(askSocket(question(path, { timeoutMs: 60 }))).rejects.toThrow(
      'no complete answer within 60 ms; what was sent may have been done',
    );
    const cut = await listen((socket) => socket.end('half'));
    await expect(askSocket(question(cut, { terminator: '\n> ' }))).rejects.toThrow('closed in the middle');
  });

  it('refuses an endless answer instead of cutting it', async () => {
    const path = await listen((socket) => socket.write('x'.repeat(5000)));
    await expect(askSocket(question(path))).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
  });

  it('stops at the signal, before and in the middle', async () => {
    const path = await listen(() => undefined);
    await expect(askSocket(question(path, { signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    const controller = new AbortController();
    const asked = askSocket(question(path, { signal: controller.signal, timeoutMs: 5000 }));
    setTimeout(() => controller.abort(), 20);
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
