import { openSync, readdirSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from '../../../src/journal/lock.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { currentIdentity } from '../../../src/system/process-identity.ts';

/**
 * Takes locks again and again, works under them, and writes down what it does: `enter|work|leave <place> <generation>`. A place is
 * used for some hundred generations, then all go on to the next. Its clocks jump. `careless`: a lock of one file, taken when its
 * owner looks dead, without generations.
 */
const [base = '', log = '', careless = ''] = process.argv.slice(2);
const generationsOfPlace = 300;
const system = createSystemClock();
const jump = (): number => Math.floor((Math.random() - 0.5) * 2_000_000_000);
const clock = { ...system, now: () => system.now() + jump(), monotonic: () => system.monotonic() + jump() };
const identity = await currentIdentity();
const descriptor = openSync(log, 'a');
const say = (what: string, place: number, generation: number): void => {
  writeSync(descriptor, `${what} ${place} ${generation}\n`);
};
const pause = (): Promise<unknown> => system.sleep(Math.random() * 2);

type Held = { generation: number; isStillOwner(): Promise<boolean>; release(): Promise<void> };

async function take(place: number): Promise<Held | null> {
  const directory = join(base, `place-${place}`);
  if (careless !== '') return takeCarelessly(join(base, 'lock.json'));
  const lock = await acquireLock({ directory, owner: { runId: 'run', identity, sinceMs: clock.now() }, clock });
  return lock.ok ? lock : null;
}

async function takeCarelessly(file: string): Promise<Held | null> {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return null;
  } catch {
    await pause();
    writeFileSync(file, String(process.pid));
  }
  const release = async (): Promise<void> => {
    try {
      unlinkSync(file);
    } catch {
      // Somebody else has let go of it.
    }
  };
  return { generation: Number(process.hrtime.bigint() / 1000n), isStillOwner: async () => true, release };
}

let place = Math.max(0, ...readdirSync(base).map((name) => Number(/^place-(\d+)$/.exec(name)?.[1] ?? 0)));
for (;;) {
  const lock = await take(place);
  if (lock === null) {
    await pause();
    continue;
  }
  say('enter', place, lock.generation);
  for (let count = 0; count < 2; count += 1) {
    await pause();
    if (await lock.isStillOwner()) say('work', place, lock.generation);
    else say('fenced', place, lock.generation);
  }
  say('leave', place, lock.generation);
  await lock.release();
  if (careless === '' && lock.generation >= generationsOfPlace) place += 1;
}
