import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../analysis/seeded-random.ts';
import { buildChild, temporaryDirectory } from '../journal/journal-fixtures.ts';
import { proofCount, recordProof } from './record-proof.ts';
import { type CallPoint, findPoints, inspectFiles, runWorker, whyNoStrace } from './traced-worker.ts';

const seed = 20261202;
const missing = whyNoStrace();
if (missing !== null) console.log(`SKIPPED kills and errors at file calls: ${missing}`);

/** Every point once before any of them twice, in an order that the seed says. */
function drawPoints(points: readonly CallPoint[], count: number): CallPoint[] {
  const draw = seededRandom(seed);
  const drawn: CallPoint[] = [];
  while (drawn.length < count && points.length > 0) {
    const order = points.map((point) => ({ point, at: draw() })).sort((one, other) => one.at - other.at);
    drawn.push(...order.map(({ point }) => point));
  }
  return drawn.slice(0, count);
}

/** Two at a time: more would only wait for each other. */
async function inPairs<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await work(item, index);
    }
  };
  await Promise.all([worker(), worker()]);
}

describe.skipIf(missing !== null)('a program that is struck at its file calls', () => {
  it('is killed at any of them: what it acknowledged is there, and nothing is seen half', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('disk-worker', directory);
    const points = await findPoints(script, join(directory, 'whole'));
    const names = [...new Set(points.map(({ call }) => call))].sort();
    expect(names).toEqual(['fdatasync', 'fsync', 'link', 'mkdir', 'openat', 'rename', 'unlink', 'write']);
    const drawn = drawPoints(points, proofCount({ quick: 16, full: Math.max(220, points.length) }));
    const wrong: string[] = [];
    let killed = 0;
    await inPairs(drawn, async ({ call, index, text }, number) => {
      const base = join(directory, `kill-${number}`);
      const ended = await runWorker(script, base, { inject: [`${call}:signal=KILL:when=${index}`] });
      if (ended.said.at(-1) !== 'end') killed += 1;
      wrong.push(
        ...(await inspectFiles(base, ended)).map((what) => `${call} ${index} (${text.slice(0, 80)}): ${what}`),
      );
      // Killed once more on what it left behind, at a later call.
      const again = await runWorker(script, base, { inject: [`${call}:signal=KILL:when=${index + 3}`] });
      const both = { said: [...ended.said.filter((line) => !line.startsWith('ack plan')), ...again.said] };
      wrong.push(...(await inspectFiles(base, both)).map((what) => `${call} ${index} twice: ${what}`));
    });
    expect(wrong).toEqual([]);
    expect(killed).toBeGreaterThan(drawn.length * 0.9);
    recordProof({
      promise: 'syscall-kills',
      what: 'A program killed at its file calls (openat, write, fsync, fdatasync, rename, link, unlink, mkdir), twice in a row: acknowledged and lost, damaged, half visible, or not to be gone on with',
      tried: drawn.length * 2,
      wrong: wrong.length,
      seed,
      figures: { 'calls of a run': points.length, 'killed the first time': killed },
    });
  }, 1_500_000);

  it('is found out when it speaks before it has written, and writes in place', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('disk-worker', directory);
    const points = (await findPoints(script, join(directory, 'whole'), true)).filter(
      ({ call, text }) => call === 'write' && /journal\.jsonl>|plan\.json>/.test(text),
    );
    const drawn = drawPoints(points, 12);
    let caught = 0;
    await inPairs(drawn, async ({ call, index }, number) => {
      const base = join(directory, `careless-${number}`);
      const inject = [`${call}:signal=KILL:when=${index}`];
      const ended = await runWorker(script, base, { inject, careless: true });
      const wrong = await inspectFiles(base, ended).catch((thrown: unknown) => [String(thrown)]);
      if (wrong.length > 0) caught += 1;
    });
    expect(caught).toBeGreaterThan(6);
    recordProof({
      promise: 'syscall-kills',
      what: 'Negative control, a program that speaks before it has written and writes in place: not noticed',
      tried: drawn.length,
      wrong: caught > 6 ? 0 : 1,
      seed,
      figures: { caught },
    });
  }, 300_000);

  it('gets an error at any of them: it is told, nothing is seen half, and a rollback is still taken on a full disk', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('disk-worker', directory);
    const points = await findPoints(script, join(directory, 'whole'));
    const codes = ['ENOSPC', 'EIO', 'EROFS', 'EACCES'];
    const drawn = drawPoints(points, proofCount({ quick: 12, full: Math.max(220, points.length) }));
    const wrong: string[] = [];
    const seen = { told: 0, absorbed: 0, rollbacks: 0 };
    await inPairs(drawn, async ({ call, index, text }, number) => {
      const base = join(directory, `error-${number}`);
      const code = codes[number % codes.length] ?? 'EIO';
      const ended = await runWorker(script, base, { inject: [`${call}:error=${code}:when=${index}`] });
      const place = `${code} at ${call} ${index} (${text.slice(0, 80)})`;
      const told = ended.said.filter((line) => line.startsWith('told'));
      if (ended.said.at(-1) !== 'end') wrong.push(`${place}: it did not live to its end`);
      if (told.length > 0) seen.told += 1;
      else seen.absorbed += 1;
      const opened = ended.said.includes('ack journal');
      const rolledBack = ended.said.some((line) => /^ack event \d+ rollback_started$/.test(line));
      if (rolledBack) seen.rollbacks += 1;
      // Only a descriptor that failed in another way than by a lack of room is given up for good.
      const journalFailed = told.some((line) => /warning|rollback_started/.test(line));
      if (opened && !rolledBack && (!journalFailed || (code === 'ENOSPC' && call === 'write')))
        wrong.push(`${place}: no rollback was taken; ${told.join(', ')}`);
      wrong.push(...(await inspectFiles(base, ended)).map((what) => `${place}: ${what}`));
    });
    expect(wrong).toEqual([]);
    expect(seen.told).toBeGreaterThan(drawn.length / 4);
    recordProof({
      promise: 'file-errors',
      what: 'ENOSPC, EIO, EROFS, EACCES at the file calls of a program: not told, half visible, acknowledged and lost, or a rollback that could have been taken was not',
      tried: drawn.length,
      wrong: wrong.length,
      seed,
      figures: seen,
    });
  }, 1_500_000);
});
