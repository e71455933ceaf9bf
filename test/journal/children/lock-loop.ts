import { openSync, writeSync } from 'node:fs';
import { acquireLock } from '../../../src/journal/lock.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { currentIdentity } from '../../../src/system/process-identity.ts';

/** Takes and releases a lock again and again; writes down when it is inside. `once` keeps it until killed. */
const [directory = '', log = '', mode = 'loop'] = process.argv.slice(2);
const clock = createSystemClock();
const identity = await currentIdentity();
const descriptor = openSync(log, 'a');
const say = (what: string, generation: number): void => {
  writeSync(descriptor, `${what} ${generation} ${process.pid}\n`);
};
for (;;) {
  const lock = await acquireLock({ directory, owner: { runId: 'run', identity, sinceMs: clock.now() }, clock });
  if (!lock.ok) {
    if (mode === 'once') {
      process.stdout.write('refused\n');
      process.exit(0);
    }
    await clock.sleep(Math.random() * 4);
    continue;
  }
  say('enter', lock.generation);
  if (mode === 'once') {
    process.stdout.write(`owner ${lock.generation}\n`);
    await clock.sleep(60_000);
  }
  await clock.sleep(Math.random() * 3);
  if (!(await lock.isStillOwner())) say('overlap', lock.generation);
  say('leave', lock.generation);
  await lock.release();
}
