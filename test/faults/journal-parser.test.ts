import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replayRun } from '../../src/journal/fold-run.ts';
import { type JournalScan, scanJournal } from '../../src/journal/scan-journal.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import { seededRandom } from '../analysis/seeded-random.ts';
import { proofCount, recordProof } from './record-proof.ts';

const seed = 20261201;
const folder = join(import.meta.dirname, '../fixtures/journals/v1');
const whole = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl') && !['torn.jsonl', 'damaged.jsonl'].includes(name))
  .map((name) => readFileSync(join(folder, name)));

type Figures = { tried: number; accepted: number; thrown: number; examples: string[] };

/** Whether a changed journal could be taken for something that its owner wrote. */
function look(figures: Figures, name: string, { bytes, from }: { bytes: Uint8Array; from: Source }): void {
  figures.tried += 1;
  const note = (field: 'accepted' | 'thrown', what: string): void => {
    figures[field] += 1;
    if (figures.examples.length < 5) figures.examples.push(`${name}: ${what}`);
  };
  let scan: JournalScan;
  try {
    scan = scanJournal(bytes);
    replayRun(scan.lines, scan.damage, scan.runId ?? '');
  } catch (thrown) {
    // Without its beginning a run cannot be shown, and that is said in so many words.
    if (!(thrown instanceof DeployError && thrown.code === 'JOURNAL_CORRUPT')) note('thrown', String(thrown));
    scan = scanJournal(bytes);
  }
  for (const event of scan.lines)
    if (!from.events.has(JSON.stringify(event))) note('accepted', `event ${event.seq} was never written`);
  // Without a word about damage the lines must be the first ones of the run, all of them and in order.
  if (scan.damage === null && scan.lines.some(({ seq }, index) => seq !== index))
    note('accepted', 'lines are missing or out of order, and nothing is said');
  if (
    scan.damage === null &&
    Buffer.compare(bytes.subarray(0, scan.wholeBytes), from.bytes.subarray(0, scan.wholeBytes)) !== 0
  )
    note('accepted', 'the bytes are others, and nothing is said');
  if (scan.lines.some(({ seq }, index) => index > 0 && seq <= (scan.lines[index - 1]?.seq ?? -1)))
    note('accepted', 'an event was taken twice or after a later one');
}

type Source = { bytes: Buffer; lines: string[]; events: Set<string> };

const sources: Source[] = whole.map((bytes) => ({
  bytes,
  lines: bytes.toString('latin1').trimEnd().split('\n'),
  events: new Set(scanJournal(bytes).lines.map((event) => JSON.stringify(event))),
}));

/** A few lines of a run are as good as all of them, and are read a hundred times as fast. */
function excerpt({ bytes, lines, events }: Source, count: number): Source {
  const length = lines.slice(0, count).reduce((sum, line) => sum + line.length + 1, 0);
  return { bytes: bytes.subarray(0, length), lines: lines.slice(0, count), events };
}

const pick = <T>(draw: () => number, list: readonly T[]): T => {
  const found = list[Math.floor(draw() * list.length)];
  if (found === undefined) throw new Error('an empty list');
  return found;
};

const changes: Array<{ name: string; make(source: Source, draw: () => number): Buffer }> = [
  {
    name: 'bits flipped',
    make: ({ bytes }, draw) => {
      const changed = Buffer.from(bytes);
      for (let count = 1 + Math.floor(draw() * 3); count > 0; count -= 1) {
        const at = Math.floor(draw() * changed.length);
        changed.writeUInt8(changed.readUInt8(at) ^ (1 << Math.floor(draw() * 8)), at);
      }
      return changed;
    },
  },
  {
    name: 'a piece cut out',
    make: ({ bytes }, draw) => {
      const from = Math.floor(draw() * bytes.length);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + Math.floor(draw() * 600))]);
    },
  },
  {
    name: 'a piece of it laid in elsewhere',
    make: ({ bytes }, draw) => {
      const [from, at] = [Math.floor(draw() * bytes.length), Math.floor(draw() * bytes.length)];
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(from, from + 1 + Math.floor(draw() * 900)),
        bytes.subarray(at),
      ]);
    },
  },
  {
    name: 'the beginning of one run and the end of another',
    make: ({ bytes }, draw) => {
      const other = pick(draw, sources).bytes;
      return Buffer.concat([
        bytes.subarray(0, draw() * bytes.length),
        other.subarray(draw() * Math.min(other.length, 12_000), 14_000),
      ]);
    },
  },
  {
    name: 'sectors of zeros',
    make: ({ bytes }, draw) => {
      const changed = Buffer.from(bytes);
      const sector = Math.floor((draw() * changed.length) / 512) * 512;
      changed.fill(0, sector, Math.min(changed.length, sector + 512 * (1 + Math.floor(draw() * 3))));
      return changed;
    },
  },
  {
    name: 'lines left out, doubled, swapped',
    make: ({ lines }, draw) => {
      const changed = [...lines];
      for (let count = 1 + Math.floor(draw() * 3); count > 0; count -= 1) {
        const at = Math.floor(draw() * changed.length);
        const line = changed[at] ?? '';
        const what = draw();
        if (what < 0.3) changed.splice(at, 1);
        else if (what < 0.6) changed.splice(Math.floor(draw() * changed.length), 0, line);
        else changed.push(...changed.splice(at, 1));
      }
      return Buffer.from(`${changed.join('\n')}\n`, 'latin1');
    },
  },
  {
    name: 'a field of a line replaced',
    make: ({ lines }, draw) => {
      const changed = [...lines];
      const at = Math.floor(draw() * changed.length);
      const line: Record<string, unknown> = JSON.parse(Buffer.from(changed[at] ?? '', 'latin1').toString('utf8'));
      const key = pick(draw, Object.keys(line));
      line[key] = pick(draw, [null, -1, 0, 1, 2, 1e308, '', 'x', [], {}, true, line['seq'], '0'.repeat(64)]);
      changed[at] = Buffer.from(JSON.stringify(line)).toString('latin1');
      return Buffer.from(`${changed.join('\n')}\n`, 'latin1');
    },
  },
];

it('a journal that was cut, flipped, spliced or shuffled is never taken for what was written, and never throws', () => {
  const figures: Figures = { tried: 0, accepted: 0, thrown: 0, examples: [] };
  const draw = seededRandom(seed);
  const short = sources.map((source) => excerpt(source, 6));
  const wanted = proofCount({ quick: 1_200, full: 101_000 });
  // Every length, of one run in the quick round and of all in the full one.
  const step = proofCount({ quick: 23, full: 1 });
  for (const from of short.slice(0, proofCount({ quick: 1, full: short.length })))
    for (let length = 0; length < from.bytes.length; length += step)
      look(figures, `cut at ${length}`, { bytes: from.bytes.subarray(0, length), from });
  const cuts = figures.tried;
  for (let index = 0; index < wanted; index += 1) {
    const change = changes[index % changes.length];
    const from = index % 50 === 0 ? pick(draw, sources) : pick(draw, short);
    if (change === undefined) continue;
    const bytes = change.make(from, draw);
    // A splice may give back what was there.
    look(figures, `${change.name}, ${index}`, {
      bytes,
      from: change.name.startsWith('the beginning') ? joined(from) : from,
    });
  }
  const { tried, accepted, thrown, examples } = figures;
  expect({ accepted, thrown, examples }).toEqual({ accepted: 0, thrown: 0, examples: [] });
  recordProof({
    promise: 'journal-parser',
    what: 'Journals cut at every byte, flipped, spliced, zeroed, shuffled: taken for what was written, or thrown at',
    tried,
    wrong: accepted + thrown,
    seed,
    figures: { cuts, changes: wanted },
  });
}, 1_200_000);

/** Of two runs laid together the events of both may be read, since all fixtures bear the same run's id; but damage is told. */
function joined(from: Source): Source {
  return { ...from, events: new Set(sources.flatMap(({ events }) => [...events])) };
}

it('notices a reader that is wrong on purpose: one that trusts lines without their sums', () => {
  const { bytes, lines } = excerpt(
    pick(() => 0, sources),
    6,
  );
  const trusting = (changed: Buffer): boolean =>
    changed
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .every((line) => {
        try {
          return typeof JSON.parse(line) === 'object';
        } catch {
          return false;
        }
      });
  const draw = seededRandom(seed);
  let caught = 0;
  for (let index = 0; index < 300; index += 1) {
    const changed = changes[index % changes.length]?.make({ bytes, lines, events: new Set() }, draw) ?? bytes;
    if (trusting(changed) && Buffer.compare(changed, bytes) !== 0 && scanJournal(changed).damage !== null) caught += 1;
  }
  expect(caught).toBeGreaterThan(20);
  recordProof({
    promise: 'journal-parser',
    what: 'Negative control, a reader without sums: changes that nothing noticed',
    tried: 300,
    wrong: caught > 20 ? 0 : 1,
    seed,
    figures: { caught },
  });
});
