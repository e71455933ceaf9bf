import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reserveBytes } from '../../src/journal/journal-file.ts';
import { encodeLine, noLineBefore } from '../../src/journal/journal-line.ts';
import { loadRun, readJournal } from '../../src/journal/replay.ts';
import { scanJournal } from '../../src/journal/scan-journal.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { canonicalJson, sha256Hex } from '../../src/system/canonical-json.ts';
import {
  buildChild,
  counts,
  openTestJournal,
  refusal,
  rollbackStarted,
  runId,
  runStarted,
  temporaryDirectory,
  warning,
} from './journal-fixtures.ts';

/** A journal with `events` in it, closed. */
async function write(file: string, events: RunEvent[]): Promise<void> {
  const journal = await openTestJournal(file);
  for (const event of events) await journal.append(event);
  await journal.close();
}

describe('append', () => {
  it('writes chained canonical lines, private to the user, that read back as they were given', async () => {
    const file = join(await temporaryDirectory(), 'run', 'journal.jsonl');
    const journal = await openTestJournal(file, { generation: 7 });
    const first = await journal.append(runStarted());
    const second = await journal.append(
      { type: 'step_completed', data: { stepId: 'weight-5', phase: 'forward', evidence: { weightPercent: 5 } } },
      { idem: 'run/weight-5' },
    );
    await journal.append(counts);
    await journal.close();

    const texts = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const lines = texts.map((text) => JSON.parse(text));
    expect(texts.map((text) => canonicalJson(JSON.parse(text)))).toEqual(texts);
    expect(
      lines.map((line) => [line.v, line.seq, line.run, line.gen, line.boot, line.type, line.step, line.idem]),
    ).toEqual([
      [1, 0, runId, 7, 'boot-1', 'run_started', null, null],
      [1, 1, runId, 7, 'boot-1', 'step_completed', 'weight-5', 'run/weight-5'],
      [1, 2, runId, 7, 'boot-1', 'counts', null, null],
    ]);
    expect(lines.map((line) => line.prev)).toEqual([noLineBefore, lines[0].sum, lines[1].sum]);
    for (const { sum, ...unsigned } of lines) expect(sum).toBe(sha256Hex(canonicalJson(unsigned)));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(file, '..'))).mode & 0o777).toBe(0o700);

    const reading = await readJournal(file);
    expect(reading).toMatchObject({ runId, damage: null, newer: null });
    expect(reading?.lines.slice(0, 2)).toEqual([first, second]);
    expect(reading?.lines[2]).toMatchObject({ ...counts, seq: 2, gen: 7 });
  });

  it('keeps the order of calls that were not awaited', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const journal = await openTestJournal(file);
    const events = await Promise.all(Array.from({ length: 50 }, (_, index) => journal.append(warning(`${index}`))));
    await journal.close();
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    const reading = await readJournal(file);
    expect(reading?.damage).toBeNull();
    expect(reading?.lines).toEqual(events);
  });

  it('goes on where an earlier owner stopped and refuses a generation that has been overtaken', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [runStarted()]);
    const second = await openTestJournal(file, { generation: 3, boot: 'boot-2' });
    expect(second.events).toHaveLength(1);
    expect(await second.append(warning('hello'))).toMatchObject({ seq: 1, gen: 3 });
    await second.close();
    expect(await refusal(openTestJournal(file, { generation: 2 }))).toBe('LOCK_LOST');
    expect(await refusal(openTestJournal(file, { runId: '01k9q0000000000000000000cd' }))).toBe('JOURNAL_CORRUPT');
  });

  it('notices another writer and writes no more', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const stale = await openTestJournal(file);
    await stale.append(runStarted());
    const fresh = await openTestJournal(file, { generation: 2 });
    await fresh.append(warning('taken over'));
    expect(await refusal(stale.append(warning('still here')))).toBe('LOCK_LOST');
    expect(await refusal(stale.append(rollbackStarted))).toBe('LOCK_LOST');
    await fresh.append(warning('alone'));
    expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }, { seq: 1 }, { seq: 2 }] });
  });

  it('notices that its file was removed', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const journal = await openTestJournal(file);
    await journal.append(runStarted());
    await rm(file);
    expect(await refusal(journal.append(warning('into the void')))).toBe('JOURNAL_UNWRITABLE');
  });

  it('cuts texts that are too long and drops fields that events do not have, rather than fail', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const journal = await openTestJournal(file);
    const error = { code: 'INTERNAL', message: 'm'.repeat(5000), remedy: 'r' };
    const failed = await journal.append({ type: 'step_failed', data: { stepId: 's', phase: 'forward', error } });
    expect(failed).toMatchObject({ data: { error: { message: `${'m'.repeat(1999)}…` } } });
    const request = { requestId: 'q', action: 'pause' as const, by: 'me', reason: null, atMs: 5 };
    const control = await journal.append({ type: 'control', data: { ...request, accepted: true, answer: 'yes' } });
    expect(control.data).toEqual({
      requestId: 'q',
      action: 'pause',
      by: 'me',
      reason: null,
      accepted: true,
      answer: 'yes',
    });
    expect(await refusal(journal.append({ ...counts, data: { ...counts.data, lnHarm: Number.NaN } }))).toBe('INTERNAL');
    expect(await journal.append(warning('and on'))).toMatchObject({ seq: 2 });
  });

  it('removes the reserve when the run is over and makes it anew for another attempt', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const journal = await openTestJournal(file);
    expect((await stat(`${file}.reserve`)).size).toBe(reserveBytes);
    await journal.append(runStarted());
    await journal.append({ type: 'run_ended', data: { outcome: 'rollback_failed', reason: 'no', error: null } });
    await journal.close();
    expect(await refusal(stat(`${file}.reserve`))).toBe('ENOENT');
    const again = await openTestJournal(file);
    await again.append(rollbackStarted);
    await again.close();
    expect((await stat(`${file}.reserve`)).size).toBe(reserveBytes);
  });
});

describe('a last line that was cut off', () => {
  it('is put aside and cut at every one of its bytes, and the rest stands', async () => {
    const directory = await temporaryDirectory();
    const whole = join(directory, 'whole.jsonl');
    await write(whole, [runStarted(), warning('kept'), warning('torn: ü')]);
    const bytes = await readFile(whole);
    const lastStart = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    for (let length = lastStart + 1; length < bytes.length; length += 1) {
      const scan = scanJournal(bytes.subarray(0, length));
      expect(scan).toMatchObject({
        damage: null,
        wholeBytes: lastStart,
        needsLineEnd: false,
        lines: [{ seq: 0 }, { seq: 1 }],
      });
      // Opening syncs a good deal: every seventh place and the last one are enough for that.
      if (length % 7 !== 0 && length !== bytes.length - 1) continue;
      const file = join(directory, `${length}`, 'journal.jsonl');
      await mkdir(join(directory, `${length}`), { mode: 0o700 });
      await writeFile(file, bytes.subarray(0, length));
      expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }, { seq: 1 }] });
      const journal = await openTestJournal(file, { generation: 2 });
      expect(journal.damage).toBeNull();
      expect(await readFile(journal.tornFile ?? '')).toEqual(bytes.subarray(lastStart, length));
      expect(await journal.append(warning('next'))).toMatchObject({ seq: 2 });
      await journal.close();
      expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }, { seq: 1 }, { seq: 2 }] });
    }
    expect(bytes.length - lastStart).toBeGreaterThan(300);
  });

  it('may be the first line', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await writeFile(file, '{"boot":"x"');
    expect(await loadRun(join(file, '..'))).toBeNull();
    const journal = await openTestJournal(file);
    expect(await journal.append(runStarted())).toMatchObject({ seq: 0 });
    expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }] });
  });
});

describe('damage', () => {
  it('is told for every flipped bit of a whole journal, and never thrown', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [warning('one'), warning('two: ü'), warning('three')]);
    const bytes = await readFile(file);
    const undetected: string[] = [];
    for (let index = 0; index < bytes.length; index += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(index) ^ (1 << bit), index);
        if (scanJournal(flipped).damage === null) undetected.push(`${index}.${bit}`);
      }
    }
    expect(undetected).toEqual([]);
  });

  it('is told for lines that are missing, doubled, swapped, or of another run', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [warning('0'), warning('1'), warning('2'), warning('3')]);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const scan = (order: number[]) => scanJournal(Buffer.from(order.map((index) => `${lines[index]}\n`).join('')));
    const seen = (order: number[]) => [scan(order).damage?.line ?? null, scan(order).lines.map((event) => event.seq)];
    expect(seen([0, 1, 2, 3])).toEqual([null, [0, 1, 2, 3]]);
    expect(seen([1, 2, 3])).toEqual([1, [1, 2, 3]]);
    expect(seen([0, 2, 3])).toEqual([2, [0, 2, 3]]);
    expect(seen([0, 1, 1, 2])).toEqual([3, [0, 1, 2]]);
    expect(seen([0, 2, 1, 3])).toEqual([2, [0, 2, 3]]);

    const place = {
      seq: 1,
      prev: JSON.parse(lines[0] ?? '').sum,
      gen: 1,
      ts: 1,
      mono: 1,
      boot: 'b',
      step: null,
      idem: null,
    };
    const foreign = encodeLine({ ...place, run: 'other', event: warning('x') }).text;
    expect(scanJournal(Buffer.from(`${lines[0]}\n${foreign}`)).damage).toEqual({
      line: 2,
      reason: 'it belongs to run other',
    });
    const forked = encodeLine({ ...place, prev: 'f'.repeat(64), run: runId, event: warning('x') }).text;
    expect(scanJournal(Buffer.from(`${lines[0]}\n${forked}`)).damage).toEqual({
      line: 2,
      reason: 'it does not follow the line before it',
    });
    for (const respelt of [
      `${lines[0]} `,
      lines[0]?.replace('{', '{ '),
      JSON.stringify({ type: 'x', ...JSON.parse(lines[0] ?? '') }),
    ]) {
      expect(scanJournal(Buffer.from(`${respelt}\n`)).damage).toEqual({
        line: 1,
        reason: 'it is not in canonical form',
      });
    }
    const overtaken = encodeLine({ ...place, gen: 0, run: runId, event: warning('x') }).text;
    expect(scanJournal(Buffer.from(`${lines[0]}\n${overtaken}`)).damage).toMatchObject({ line: 2 });
  });

  it('stops forward events and leaves the way back open, with what is intact behind it', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [runStarted(), warning('one'), warning('two')]);
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.indexOf('"one"') + 1) ^ 1, bytes.indexOf('"one"') + 1);
    await writeFile(file, bytes);

    expect(await refusal(openTestJournal(file))).toBe('JOURNAL_CORRUPT');
    const journal = await openTestJournal(file, { generation: 2, allowDamaged: true });
    expect(journal.damage).toEqual({ line: 2, reason: 'its checksum is wrong' });
    expect(await refusal(journal.append({ type: 'resumed', data: { reason: 'no' } }))).toBe('JOURNAL_CORRUPT');
    const ended = (outcome: 'succeeded' | 'rolled_back'): RunEvent => ({
      type: 'run_ended',
      data: { outcome, reason: '', error: null },
    });
    expect(await refusal(journal.append(ended('succeeded')))).toBe('JOURNAL_CORRUPT');
    expect(await journal.append(rollbackStarted)).toMatchObject({ seq: 3 });
    await journal.append(ended('rolled_back'));
    await journal.close();
    const record = await loadRun(join(file, '..'));
    expect(record).toMatchObject({ status: 'ended', outcome: 'rolled_back', damage: { line: 2 } });
    expect(record?.events.map((event) => event.seq)).toEqual([0, 2, 3, 4]);
  });

  it('of the last line end is not taken for a line that was cut off', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [runStarted(), warning('acknowledged')]);
    const bytes = await readFile(file);
    bytes.writeUInt8(0x0b, bytes.length - 1);
    await writeFile(file, bytes);
    expect(await readJournal(file)).toMatchObject({ damage: { line: 2 }, lines: [{ seq: 0 }, { seq: 1 }] });
    const journal = await openTestJournal(file, { allowDamaged: true });
    await journal.append(rollbackStarted);
    await journal.close();
    expect(await readJournal(file)).toMatchObject({ damage: { line: 2 }, lines: [{ seq: 0 }, { seq: 2 }] });
  });

  it('never throws on anything', () => {
    const texts = [
      '',
      '\n',
      '\n\n',
      '{}\n',
      'null\n',
      '[]\n',
      `${'['.repeat(200_000)}\n`,
      '{"v":1}\n',
      '\u0000\n',
      '{"__proto__":1}\n',
    ];
    for (const text of texts) expect(scanJournal(Buffer.from(text)).lines).toEqual([]);
    expect(scanJournal(Buffer.from([0xff, 0xfe, 0x0a])).damage).toMatchObject({ line: 1 });
  });
});

describe('a newer format', () => {
  it('is read as far as it is known and not continued', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    await write(file, [runStarted()]);
    const first = JSON.parse(await readFile(file, 'utf8'));
    const { sum: prev, ...rest } = first;
    const unsigned = { ...rest, v: 2, seq: 1, prev, colour: 'blue', type: 'dance', data: {} };
    await appendFile(file, `${canonicalJson({ ...unsigned, sum: sha256Hex(canonicalJson(unsigned)) })}\n`);
    expect(await readJournal(file)).toMatchObject({ newer: 2, damage: null, lines: [{ seq: 0 }] });
    expect(await refusal(openTestJournal(file))).toBe('JOURNAL_NEWER');
  });
});

describe('kill -9', () => {
  it('loses no acknowledged line', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('append-loop', directory);
    const file = join(directory, 'run', 'journal.jsonl');
    for (let round = 1; round <= 6; round += 1) {
      const child = spawn(process.execPath, [script, file, runId, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += String(chunk);
        if (said.length > 150 * round) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const acknowledged = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
      const reading = await readJournal(file);
      expect(reading?.damage).toBeNull();
      expect(reading?.lines.at(-1)?.seq).toBeGreaterThanOrEqual(acknowledged);
      expect(reading?.lines.at(-1)?.gen).toBe(round);
    }
  }, 120_000);
});
