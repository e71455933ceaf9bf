import { openJournal } from '../../../src/journal/journal.ts';
import { createSystemClock } from '../../../src/system/clock.ts';

/** Appends for ever; says the number of every event after it was acknowledged. */
const [file = '', run = '', generation = '1'] = process.argv.slice(2);
const journal = await openJournal({
  file,
  runId: run,
  generation: Number(generation),
  clock: createSystemClock(),
  boot: 'boot',
});
for (;;) {
  const event = await journal.append({ type: 'warning', data: { code: 'NOTE', message: 'x'.repeat(300) } });
  process.stdout.write(`${event.seq}\n`);
}
