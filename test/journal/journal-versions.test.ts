import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertContinuable, loadRun, readJournal } from '../../src/journal/replay.ts';
import { canonicalJson, sha256Hex } from '../../src/system/canonical-json.ts';
import { describeJournal } from '../fixtures/journals/describe-journal.ts';
import { openTestJournal, refusal, runId, temporaryDirectory } from './journal-fixtures.ts';

const fixtures = join(import.meta.dirname, '../fixtures/journals');
const kept = ['succeeded', 'rolled-back', 'rolling', 'aborted', 'unfinished', 'torn', 'damaged'];

describe('journals of format 1', () => {
  it('are all looked at', async () => {
    const names = (await readdir(join(fixtures, 'v1'))).filter((name) => name.endsWith('.jsonl'));
    expect(names).toEqual(kept.map((name) => `${name}.jsonl`).sort());
  });

  it.each(kept)('are read as they were meant, and are the same bytes: %s', async (name) => {
    const bytes = await readFile(join(fixtures, 'v1', `${name}.jsonl`));
    const expected: unknown = JSON.parse(await readFile(join(fixtures, 'v1', `${name}.json`), 'utf8'));
    expect(JSON.parse(JSON.stringify(describeJournal(bytes)))).toEqual(expected);
  });

  it.each(kept.filter((name) => name !== 'damaged'))(
    'are continued by a later owner without a byte of them changed: %s',
    async (name) => {
      const bytes = await readFile(join(fixtures, 'v1', `${name}.jsonl`));
      const file = join(await temporaryDirectory(), 'journal.jsonl');
      await writeFile(file, bytes);
      const journal = await openTestJournal(file, { generation: 2 });
      await journal.append({ type: 'owner_acquired', data: { generation: 2, pid: 1, resumed: true } });
      await journal.close();
      const { wholeBytes, lines } = describeJournal(bytes);
      expect((await readFile(file)).subarray(0, wholeBytes)).toEqual(bytes.subarray(0, wholeBytes));
      expect(await readJournal(file)).toMatchObject({ damage: null, newer: null });
      expect((await readJournal(file))?.lines).toHaveLength(lines + 1);
    },
  );
});

type Change = { type?: string; data?: (data: unknown) => unknown; envelope?: Record<string, unknown> };
type Seen = {
  /** Types of the events that this version understands. */
  types?: string[];
  newer: number | null;
  damaged?: boolean;
  /** What reading the run ends in, when not in a record. */
  loads?: string;
};

const start = ['run_started', 'owner_acquired'];
const withField = (data: unknown): unknown => ({ ...Object(data), colour: 'blue' });

/** The first three lines of a run as a program of format `v` would have written them, one of them changed. */
const pairs: Array<{ name: string; v: number[]; at?: number; change?: Change; seen: Seen }> = [
  { name: 'the same format', v: [1, 1, 1], seen: { types: [...start, 'preflight_completed'], newer: null } },
  {
    name: 'this format with a kind of event that it does not have',
    v: [1, 1, 1],
    change: { type: 'danced' },
    seen: { types: start, newer: null, damaged: true },
  },
  {
    name: 'this format with a field that it does not have',
    v: [1, 1, 1],
    change: { data: withField },
    seen: { types: start, newer: null, damaged: true },
  },
  {
    name: 'a newer format that changed nothing here',
    v: [2, 2, 2],
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  {
    name: 'a run that was continued by a newer program',
    v: [1, 1, 2],
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  { name: 'a newer format far ahead', v: [1, 1, 41], seen: { types: [...start, 'preflight_completed'], newer: 41 } },
  {
    name: 'an older program that went on all the same',
    v: [2, 2, 1],
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  { name: 'a newer kind of event', v: [2, 2, 2], change: { type: 'danced' }, seen: { types: start, newer: 2 } },
  {
    name: 'fields added to the line',
    v: [2, 2, 2],
    change: { envelope: { colour: 'blue', zone: { name: 'x' } } },
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  {
    name: 'fields added to an event',
    v: [2, 2, 2],
    change: { data: withField },
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  {
    name: 'fields added deep within the plan',
    v: [2, 2, 2],
    at: 0,
    change: {
      data: (data) => {
        const copy = structuredClone(Object(data));
        copy.plan.content.steps[0].colour = 'blue';
        copy.plan.content.region = 'eu';
        return copy;
      },
    },
    seen: { types: [...start, 'preflight_completed'], newer: 2 },
  },
  {
    name: 'an event with a value that this version does not know',
    v: [2, 2, 2],
    at: 1,
    change: { data: () => ({ generation: 'third', pid: 1, resumed: false }) },
    seen: { types: ['run_started', 'preflight_completed'], newer: 2 },
  },
  {
    name: 'a plan with a kind of step that this version does not know',
    v: [2, 2, 2],
    at: 0,
    change: {
      data: (data) => {
        const copy = structuredClone(Object(data));
        copy.plan.content.steps[0] = { kind: 'teleport', id: 'x' };
        return copy;
      },
    },
    seen: { types: ['owner_acquired', 'preflight_completed'], newer: 2, loads: 'JOURNAL_NEWER' },
  },
  {
    name: 'no event that this version knows',
    v: [2, 2, 2],
    at: 0,
    change: { type: 'begun' },
    seen: { types: ['owner_acquired', 'preflight_completed'], newer: 2, loads: 'JOURNAL_NEWER' },
  },
];

/** Lines 0–2 with the given versions, chained and summed as any version does it. */
function rewrite(lines: readonly string[], { v, at = 2, change = {} }: (typeof pairs)[number]): string {
  let prev = '0'.repeat(64);
  return lines
    .slice(0, 3)
    .map((text, index) => {
      const { sum: _, ...line } = JSON.parse(text);
      const changed = index === at ? change : {};
      const data = changed.data === undefined ? line.data : changed.data(line.data);
      const unsigned = { ...line, v: v[index], prev, data, type: changed.type ?? line.type, ...changed.envelope };
      prev = sha256Hex(canonicalJson(unsigned));
      return `${canonicalJson({ ...unsigned, sum: prev })}\n`;
    })
    .join('');
}

async function listing(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).sort();
}

describe('version skew', () => {
  it.each(pairs)('$name', async (pair) => {
    const source = await readFile(join(fixtures, 'v1', 'unfinished.jsonl'), 'utf8');
    const lines = source.split('\n');
    // A line of pre-flight makes the third, so that one line is neither beginning nor owner.
    const { sum: _, ...third } = JSON.parse(lines[2] ?? '');
    lines[2] = canonicalJson({
      ...third,
      type: 'preflight_completed',
      step: null,
      data: { checks: [], durationMs: 5 },
      sum: '',
    });
    const directory = join(await temporaryDirectory(), runId);
    await mkdir(directory);
    const file = join(directory, 'journal.jsonl');
    const { seen } = pair;
    // Something that was cut off behind it must not be mended either by who may only read.
    const text = `${rewrite(lines, pair)}${seen.newer === null ? '' : '{"boot":"cut o'}`;
    await writeFile(file, text);

    const reading = await readJournal(file);
    expect(reading?.lines.map(({ type }) => type)).toEqual(seen.types);
    expect([reading?.newer, reading?.damage !== null]).toEqual([seen.newer, seen.damaged ?? false]);

    if (seen.loads !== undefined) expect(await refusal(loadRun(directory))).toBe(seen.loads);
    else {
      const record = await loadRun(directory);
      expect(record).toMatchObject({ runId, newer: seen.newer });
      const asked = refusal(Promise.resolve().then(() => assertContinuable({ runId, newer: record?.newer ?? null })));
      expect(await asked).toBe(seen.newer === null ? 'nothing thrown' : 'JOURNAL_NEWER');
    }
    if (seen.newer !== null) {
      expect(await refusal(openTestJournal(file, { generation: 9, allowDamaged: true }))).toBe('JOURNAL_NEWER');
      expect(await readFile(file, 'utf8')).toBe(text);
      expect(await listing(directory)).toEqual(['journal.jsonl']);
    }
  });
});
