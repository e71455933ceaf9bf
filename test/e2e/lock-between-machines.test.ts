import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLockRef } from '../../src/system/git-lock-ref.ts';
import { createScratch, type Scratch } from './scratch-project.ts';

const ref = 'refs/seatrial/locks/shop';
let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 60_000);

it('a run takes the lock between machines, waits for no one who let it lapse, and lets go of it at its end', async () => {
  const bare = join(scratch.stateHome, 'shop.git');
  execFileSync('git', ['init', '--quiet', '--bare', bare]);
  scratch.writeConfig({
    approval: '{ how: none }',
    strategy: '{ kind: direct, bake: 1s }',
    metrics: '{ source: prober, path: /health, rate: 10/s, timeout: 2s }',
    extra: `    lock: { kind: git-ref, remote: ${JSON.stringify(bare)}, ref: ${ref}, ttl: 60s }`,
  });
  scratch.release({ version: '1.0.0' });
  const remote = await openLockRef({ directory: join(scratch.stateHome, 'other'), url: bare, ref });
  const foreign = (expiresAtMs: number): string =>
    JSON.stringify({
      v: 1,
      generation: 41,
      runId: 'run-of-mo',
      machine: 'mos-laptop',
      sinceMs: 1_700_000_000_000,
      renewedAtMs: expiresAtMs - 60_000,
      expiresAtMs,
      released: false,
      nonce: 'x',
    });
  const first = await remote.move(null, foreign(Date.now() + 600_000));
  const refused = scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 120_000 });
  expect(`${refused.stdout}${refused.stderr}`).toMatch(
    /Run run-of-mo on mos-laptop has the lock refs\/seatrial\/locks\/shop/,
  );
  expect(refused.code).not.toBe(0);
  expect(scratch.processes().filter(({ command }) => command.includes('supervise'))).toEqual([]);

  await remote.move(first, foreign(Date.now() - 1));
  const shipped = scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 120_000 });
  expect(`${shipped.stdout}${shipped.stderr}`).toMatch(/SUCCEEDED/);
  for (let turn = 0; turn < 100; turn += 1) {
    const seen = await remote.read();
    if (seen?.text.includes('"released":true')) break;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  expect(JSON.parse((await remote.read())?.text ?? '')).toMatchObject({ generation: 42, released: true });
  expect(existsSync(join(scratch.directory, '.git', 'refs', 'seatrial'))).toBe(false);
}, 400_000);
