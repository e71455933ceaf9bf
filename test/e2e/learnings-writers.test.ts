import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createScratch, type Scratch, type Session, sleep } from './scratch-project.ts';

const updates = 50;
let scratch: Scratch;
let sessions: Session[];

beforeAll(async () => {
  scratch = await createScratch();
  scratch.release({ version: '1.0.0' });
  sessions = [await scratch.connect('one'), await scratch.connect('two')];
}, 60_000);
afterAll(() => scratch?.close(), 60_000);

it('what a person writes in learnings.md outlives 50 updates by each of two processes at once', async () => {
  const [one, two] = sessions;
  if (one === undefined || two === undefined || one.pid === two.pid) throw new Error('two processes are needed');
  const path = join(scratch.directory, '.seatrial', 'learnings.md');
  await one.call('learnings', { action: 'rebuild' });
  const above = '\uFEFFmine, above\r\n\r\n';
  writeFileSync(path, `${above}${readFileSync(path, 'utf8')}\nmine, below  \r\n`);
  let open = true;
  const written: string[] = [];
  const person = async (): Promise<void> => {
    while (open) {
      const line = `written by hand, line ${written.length}`;
      appendFileSync(path, `${line}\n`);
      written.push(line);
      await sleep(150);
    }
  };
  const update = async (session: Session, name: string): Promise<void> => {
    for (let count = 0; count < updates; count++) {
      const { isError, text } = await session.call('learnings', { action: 'add', text: `${name} learned ${count}` });
      expect(isError, text).toBe(false);
    }
  };
  const typing = person();
  await Promise.all([update(one, 'one'), update(two, 'two')]);
  open = false;
  await typing;
  await one.call('learnings', { action: 'rebuild' });

  const text = readFileSync(path, 'utf8');
  expect(text.startsWith(above)).toBe(true);
  expect(text).toContain('\nmine, below  \r\n');
  expect(written.length).toBeGreaterThan(5);
  expect(text.split('\n').filter((line) => line.startsWith('written by hand'))).toEqual(written);
  for (const name of ['one', 'two'])
    for (let count = 0; count < updates; count++) expect(text).toContain(`> ${name} learned ${count}\n`);
  expect(text.match(/<!-- seatrial:generated/g)).toHaveLength(2);
  expect(readdirSync(join(scratch.directory, '.seatrial', 'notes'))).toHaveLength(2 * updates);
  expect(existsSync(join(scratch.directory, '.seatrial', 'learnings.view.md'))).toBe(false);
}, 300_000);
