import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BrokenRequest, type ControlRequest, submitRequest, takeRequests } from '../../src/journal/inbox.ts';
import { temporaryDirectory } from './journal-fixtures.ts';

function ask(requestId: string, action: ControlRequest['action'] = 'pause'): ControlRequest {
  return { requestId, action, by: 'me', reason: null, atMs: 5 };
}

const none = new Set<string>();

describe('the inbox', () => {
  it('gives requests in order, until they are journalled', async () => {
    const run = await temporaryDirectory();
    expect(await takeRequests(run, none)).toEqual([]);
    const requests = Array.from({ length: 20 }, (_, index) => ask(`q-${index}`, index % 2 ? 'pause' : 'resume'));
    for (const request of requests) await submitRequest(run, request);
    expect(await takeRequests(run, none)).toEqual(requests);
    expect(await takeRequests(run, none)).toEqual(requests);
    const journalled = new Set(requests.slice(0, 19).map((request) => request.requestId));
    expect(await takeRequests(run, journalled)).toEqual(requests.slice(19));
    expect(await readdir(join(run, 'inbox'))).toHaveLength(1);
    expect((await stat(join(run, 'inbox'))).mode & 0o777).toBe(0o700);
  });

  it('takes the same request once, before and after it was journalled', async () => {
    const run = await temporaryDirectory();
    await submitRequest(run, ask('q', 'abort'));
    await submitRequest(run, ask('q', 'resume'));
    expect(await takeRequests(run, none)).toEqual([ask('q', 'abort')]);
    await submitRequest(run, ask('q', 'abort'));
    expect(await takeRequests(run, new Set(['q']))).toEqual([]);
    expect(await readdir(join(run, 'inbox'))).toEqual([]);
  });

  it('sets aside what is no request, tells it once, and goes on', async () => {
    const run = await temporaryDirectory();
    const inbox = join(run, 'inbox');
    await submitRequest(run, ask('good'));
    const name = (digit: number): string => `0000000000000000000000000${digit}.json`;
    await writeFile(join(inbox, name(1)), '{"requestId":');
    await writeFile(join(inbox, name(2)), JSON.stringify({ ...ask('x'), action: 'explode' }));
    await writeFile(join(inbox, name(3)), JSON.stringify({ ...ask('x'), extra: 1 }));
    await writeFile(join(inbox, name(4)), ' '.repeat(70_000));
    await mkdir(join(inbox, name(5)));
    await symlink('/etc/passwd', join(inbox, name(6)));
    await writeFile(join(inbox, '.half-written.tmp'), '{');
    const broken: BrokenRequest[] = [];
    expect(await takeRequests(run, none, (one) => broken.push(one))).toEqual([ask('good')]);
    expect(broken.map((one) => one.file)).toEqual([1, 2, 3, 4, 5, 6].map(name));
    expect(await takeRequests(run, none, (one) => broken.push(one))).toEqual([ask('good')]);
    expect(broken).toHaveLength(6);
    expect(await readdir(inbox)).toContain(`${name(1)}.broken`);
  });

  it('does not accept a request that is none', async () => {
    const run = await temporaryDirectory();
    await expect(submitRequest(run, ask(''))).rejects.toThrow();
    expect(await readdir(run)).toEqual([]);
  });
});
