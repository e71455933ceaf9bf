import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openJournal } from '../../../src/journal/journal.ts';
import { acquireLock } from '../../../src/journal/lock.ts';
import { markNonceUsed } from '../../../src/journal/plan-store.ts';
import { projectFolder } from '../../../src/journal/state-folder.ts';
import type { RunEvent } from '../../../src/model/run-event.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { removeFile, writeFileAtomic } from '../../../src/system/files.ts';
import { currentIdentity } from '../../../src/system/process-identity.ts';

/**
 * Everything that a run does to its files, once: lock, journal, plans, a nonce, the release. Says of each act that it was
 * acknowledged (`ack …`), or what was told instead (`told …`), and goes on. `careless`: speaks too early and writes in place.
 */
const [base = '', run = '', careless = ''] = process.argv.slice(2);
const say = (text: string): void => {
  try {
    writeSync(1, `${text}\n`);
  } catch {
    // A full disk may be simulated on this pipe too.
  }
};

// The calls of the one worker thread are counted from here on: more than the start of node makes itself.
for (let count = 0; count < 200; count += 1) {
  const nothing = await open('/dev/null', 'w');
  await nothing.write('x');
  await nothing.close();
}

const attempt = async <Value>(what: string, act: () => Promise<Value>): Promise<Value | null> => {
  try {
    const value = await act();
    say(`ack ${what}`);
    return value;
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    say(`told ${what} ${code}`);
    return null;
  }
};

const project = projectFolder(base, '0123456789abcdef');
const clock = createSystemClock();
const identity = await currentIdentity();
const lock = await attempt('lock', async () => {
  const taken = await acquireLock({
    directory: join(base, 'locks'),
    owner: { runId: run, identity, sinceMs: 1 },
    clock,
  });
  if (!taken.ok) throw new Error('refused');
  say(`ack generation ${taken.generation}`);
  return taken;
});
const generation = lock?.generation ?? 1;
const file = join(project.runs, run, 'journal.jsonl');
const journal = await attempt('journal', () =>
  openJournal({ file, runId: run, generation, clock, boot: 'b', allowDamaged: true }),
);
const append = async (event: RunEvent): Promise<void> => {
  if (journal === null) return;
  await attempt(event.type, async () => {
    const { seq } = await journal.append(event);
    say(`ack event ${seq} ${event.type}`);
  });
};
const writeInPlace = async (path: string, text: string): Promise<void> => {
  const handle = await open(path, 'w');
  for (let at = 0; at < text.length; at += 500) await handle.write(text.slice(at, at + 500));
  await handle.close();
};
const note = (size: number): RunEvent => ({ type: 'warning', data: { code: 'NOTE', message: 'x'.repeat(size) } });
for (let count = 0; count < 3; count += 1) {
  if (careless !== '') say(`ack event ${count} warning`);
  await append(note(300 + 700 * count));
}
const writePlan = careless === '' ? writeFileAtomic : writeInPlace;
for (let count = 1; count <= 2; count += 1)
  await attempt(`plan ${count}`, () =>
    writePlan(join(base, 'plan.json'), JSON.stringify({ count, text: 'p'.repeat(3000) })),
  );
await attempt('nonce', () => markNonceUsed(project, 'nonce', { runId: run, atMs: 1 }));
await append({ type: 'rollback_started', data: { trigger: 'x', reason: 'harm', steps: [], detectedAtMs: 5 } });
await append({ type: 'run_ended', data: { outcome: 'rolled_back', reason: 'over', error: null } });
await attempt('removed', () => removeFile(join(base, 'plan.json.old')));
await attempt('close', async () => journal?.close());
await attempt('release', async () => lock?.release());
say('end');
