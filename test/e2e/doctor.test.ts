import { chmodSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlugScene, endAll, type PlugScene, runCli } from '../faults/plug-scene.ts';

/** What the doctor says of a run that lost those who attend to it, and what it mends. */
let scene: PlugScene;
beforeEach(async () => {
  scene = await createPlugScene();
}, 180_000);
afterEach(async () => {
  await scene.close();
}, 120_000);

const doctor = (...args: string[]): { code: number | null; stdout: string } => scene.scratch.cli(['doctor', ...args]);

describe('seatrial doctor', () => {
  it('says who attends to a run and that the dead-man is armed, and takes users back when nobody is left', async () => {
    const { runId } = await scene.startBadCanary();
    const sound = doctor();
    expect(sound.stdout).toMatch(
      new RegExp(`ok +runs +run ${runId} .* is running, attended by pid \\d+ and its watchdog`),
    );
    expect(sound.stdout).toMatch(new RegExp(`ok +hosts .*up \\(pid \\d+\\); dead-man armed for run ${runId}`));
    // Nobody at all is left: neither supervisor and watchdog nor the host that holds the dead-man, and its guard.
    endAll(scene.pidsOf('host-guard'));
    endAll(scene.pidsOf('supervise', 'watchdog', 'host-daemon', 'host-guard'));
    const alone = doctor();
    expect(alone.stdout).toMatch(new RegExp(`BROKEN +runs +run ${runId} .* is running and nobody attends to it`));
    expect(alone.stdout).toMatch(/BROKEN +hosts .*but the host is down\n +do: seatrial host up/);
    expect(alone.code).not.toBe(0);
    const repaired = doctor('--repair');
    expect(repaired.stdout).toMatch(new RegExp(`repaired: run ${runId} .*a watchdog was started`));
    await scene.untilRestored();
    expect(await scene.untilEnded(runId)).toBe('rolled_back');
  }, 300_000);

  it('mends nothing but its own folder where nothing else is wrong, and says so', async () => {
    const { stateHome } = scene.scratch;
    const half = join(stateHome, 'locks', '.plan.json.0123456789abcdef.tmp');
    mkdirSync(join(stateHome, 'locks'), { recursive: true });
    writeFileSync(half, '{"half');
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(half, old, old);
    chmodSync(join(stateHome, 'locks'), 0o755);
    const found = doctor();
    expect(found.stdout).toMatch(/BROKEN +folder +\d+ files or folders are open to other users/);
    expect(found.stdout).toMatch(
      /attention +folder +1 half-written files of writers that died: .*0123456789abcdef\.tmp/,
    );
    const before = await runCli(scene.scratch, ['status', '--json']);
    const repaired = doctor('--repair');
    expect(repaired.stdout).toMatch(/repaired: \d+ files or folders were closed to other users/);
    expect(repaired.stdout).toMatch(/repaired: 1 half-written files were removed/);
    expect(repaired.stdout).toMatch(/ok +folder .* is closed to others/);
    expect(statSync(join(stateHome, 'locks')).mode & 0o777).toBe(0o700);
    expect(await runCli(scene.scratch, ['status', '--json'])).toBe(before);
    expect(doctor('--repair').stdout).toMatch(/^Nothing could be repaired by itself\.$/m);
  }, 300_000);
});
