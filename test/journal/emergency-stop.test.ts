import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endStop, listStops, saveStop, stopOf } from '../../src/journal/emergency-stop.ts';
import { forcedReleases, forceRelease, readForcedRelease } from '../../src/journal/forced-release.ts';
import { acquireLock, readLock } from '../../src/journal/lock.ts';
import { type ProjectFolder, projectFolder } from '../../src/journal/state-folder.ts';
import { loadTrust, revokeTrust, saveTrust } from '../../src/journal/trust-store.ts';
import { currentIdentity } from '../../src/system/process-identity.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

let root: string;
let project: ProjectFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seatrial-stop-'));
  project = projectFolder(root, 'a'.repeat(16));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const stop = { environment: null, reason: 'payments', by: 'alice', atMs: 1000, untilMs: null };

describe('emergency stops', () => {
  it('hold what they name until they end, and a later one never shortens an earlier one', async () => {
    expect(await stopOf(project, 'production', 1000)).toBeNull();
    await saveStop(project, { ...stop, environment: 'staging' });
    const first = await saveStop(project, { ...stop, environment: 'production' });
    await saveStop(project, { ...stop, environment: 'production', reason: 'never mind', atMs: 2000, untilMs: 2001 });
    expect(await stopOf(project, 'production', 9000)).toMatchObject({ id: first.id, reason: 'payments' });
    expect((await listStops(project, 9000)).map(({ environment }) => environment)).toEqual(['staging', 'production']);
    await endStop(project, first, { by: 'bob', atMs: 9000 });
    expect(await stopOf(project, 'production', 9000)).toBeNull();
    expect(readdirSync(join(project.directory, 'stops', 'ended'))).toEqual([`${first.id}.json`]);
  });

  it('hold everything when one cannot be read', async () => {
    const { id } = await saveStop(project, { ...stop, environment: 'staging', untilMs: 2000 });
    writeFileSync(join(project.directory, 'stops', `${id}.json`), '{');
    expect(await stopOf(project, 'production', 99_000)).toMatchObject({
      environment: null,
      reason: expect.stringContaining('damaged'),
    });
  });
});

describe('a lock that is opened by force', () => {
  it('is recorded first, gives way to a higher generation, and fences the old owner off', async () => {
    const clock = createVirtualClock();
    const directory = join(root, 'lock');
    const owner = { runId: 'one', identity: await currentIdentity(), sinceMs: 1 };
    const held = await acquireLock({ directory, owner, clock });
    const { holder } = await readLock(directory);
    if (!held.ok || holder === null) throw new Error('not held');
    expect(await readForcedRelease(directory, 1)).toBeNull();
    const who = { by: 'bob', reason: 'its project is gone', atMs: 5 };
    expect(await forceRelease(directory, holder, who)).toBe(true);
    expect(await forceRelease(directory, holder, { ...who, by: 'eve' })).toBe(false);
    expect(await readForcedRelease(directory, 1)).toMatchObject({ ...who, generation: 1, runId: 'one' });
    expect(await held.isStillOwner()).toBe(false);
    expect(await acquireLock({ directory, owner: { ...owner, runId: 'two' }, clock })).toMatchObject({
      ok: true,
      generation: 2,
    });
    expect(await held.isStillOwner()).toBe(false);
    expect((await forcedReleases(directory)).map(({ by }) => by)).toEqual(['bob']);
  });
});

describe('what was trusted', () => {
  it('belongs to one folder and one user, and is gone when it is taken back', async () => {
    const record = {
      v: 1,
      directory: '/a',
      fingerprint: 'f'.repeat(64),
      entries: [],
      by: 'x',
      how: 'terminal',
      atMs: 1,
    } as const;
    await saveTrust(root, { ...record, entries: [] });
    expect(await loadTrust(root, '/a')).toEqual(record);
    expect(await loadTrust(root, '/b')).toBeNull();
    const [name = ''] = readdirSync(join(root, 'trust'));
    expect(statSync(join(root, 'trust', name)).mode & 0o777).toBe(0o600);
    writeFileSync(join(root, 'trust', name), JSON.stringify({ ...record, directory: '/b' }));
    expect(await loadTrust(root, '/a')).toBeNull();
    await revokeTrust(root, '/a');
    expect(readdirSync(join(root, 'trust'))).toEqual([]);
  });
});
