import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

const bundle = join(import.meta.dirname, '../../dist/seatrial.mjs');
const directories: string[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function start() {
  const cwd = mkdtempSync(join(tmpdir(), 'seatrial-stdio-'));
  directories.push(cwd);
  const { CLAUDE_PROJECT_DIR: _, ...environment } = process.env;
  const child = spawn(process.execPath, [bundle, 'mcp'], {
    cwd,
    env: { ...environment, XDG_STATE_HOME: cwd },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const answer = async (id: number): Promise<unknown> => {
    const find = (): unknown =>
      lines
        .map((line): unknown => JSON.parse(line))
        .find((message) => z.looseObject({ id: z.literal(id) }).safeParse(message).success);
    await expect.poll(find, { timeout: 10_000 }).toBeDefined();
    return find();
  };
  const hello = async (): Promise<unknown> => {
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    });
    const result = await answer(1);
    send({ method: 'notifications/initialized' });
    return result;
  };
  return { child, cwd, lines, send, answer, hello };
}

describe('seatrial mcp as a process', () => {
  it('speaks nothing but the protocol on stdout', async () => {
    const { hello, send, answer, lines } = start();
    expect(await hello()).toMatchObject({
      result: { serverInfo: { name: 'seatrial' }, protocolVersion: '2025-11-25' },
    });
    send({ id: 2, method: 'tools/list', params: {} });
    send({ id: 3, method: 'resources/list', params: {} });
    send({ id: 4, method: 'tools/call', params: { name: 'rollout_status', arguments: {} } });
    expect(await answer(2)).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(await answer(3)).toMatchObject({
      result: { resources: expect.arrayContaining([expect.objectContaining({ uri: 'seatrial://runs' })]) },
    });
    expect(JSON.stringify(await answer(4))).toContain('CONFIG_MISSING');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  });

  it('refuses a method that it does not have, as clients expect that probe for newer protocols', async () => {
    const { send, answer } = start();
    send({ id: 1, method: 'server/discover', params: {} });
    expect(await answer(1)).toMatchObject({ error: { code: -32601 } });
  });

  it.each(['SIGINT', 'SIGTERM', 'end of input'] as const)(
    'ends within the 450 ms that clients give, at %s',
    async (how) => {
      const { child, hello } = start();
      await hello();
      const startedAt = performance.now();
      if (how === 'end of input') child.stdin?.end();
      else child.kill(how);
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(450);
    },
  );

  it('ends when nobody reads any more', async () => {
    const { child, hello, send } = start();
    await hello();
    child.stdout?.destroy();
    send({ id: 5, method: 'ping' });
    send({ id: 6, method: 'ping' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });
});
