import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNotedNumber } from '../../src/system/noted-number.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seatrial-noted-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('reads what was noted last, also by another process, and 0 when there is nothing', async () => {
  const path = join(directory, 'n');
  const first = createNotedNumber(path);
  expect(await first.read()).toBe(0);
  for (const value of [7, 1_000_000, 12, 3]) first.note(value);
  await first.close();
  expect(await createNotedNumber(path).read()).toBe(3);
  writeFileSync(path, 'rubbish');
  expect(await createNotedNumber(path).read()).toBe(0);
});

it('does not mind a place where nothing can be written', async () => {
  const nowhere = createNotedNumber(join(directory, 'no', 'such', 'folder'));
  nowhere.note(4);
  await nowhere.close();
  expect(await nowhere.read()).toBe(0);
});
