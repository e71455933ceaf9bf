import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli } from '../../src/cli/run-cli.ts';
import { analyze } from '../../src/operations/analyze.ts';
import { createMemoryIo, type MemoryIoOptions } from '../cli/memory-io.ts';

const directory = mkdtempSync(join(tmpdir(), 'seatrial-analyze-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const examples = join(import.meta.dirname, '..', '..', 'examples', 'analyze');

type Outcome = { code: number; out: string; error: string };

async function seatrial(argv: string[], options: MemoryIoOptions = {}): Promise<Outcome> {
  const io = createMemoryIo(options);
  const code = await runCli(['analyze', '--project', directory, ...argv], { io, version: '1', operations: [analyze] });
  return { code, out: io.out.join(''), error: io.errors.join('') };
}

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(directory, name), content);
  return name;
}

type Part = { seconds: number; canary: [number, number]; baseline: [number, number] };

/** CSV of parts that follow each other: requests and failures of every second. */
function csv(...parts: Part[]): string {
  let second = 0;
  const rows = parts.flatMap(({ seconds, canary, baseline }) =>
    Array.from({ length: seconds }, () => {
      const t = second++ * 1000;
      return `${t},baseline,${baseline.join(',')}\n${t},canary,${canary.join(',')}`;
    }),
  );
  return `t,arm,n,errors\n${rows.join('\n')}\n`;
}

const armSchema = z.strictObject({
  requests: z.number().int(),
  failures: z.number().int(),
  errorRatio: z.number().nullable(),
  errorRatioInterval: z.tuple([z.number(), z.number()]),
  latencyP99Ms: z.number().nullable(),
});
const answerSchema = z.strictObject({
  verdict: z.enum(['pass', 'fail', 'inconclusive']),
  atMs: z.number().nullable(),
  reason: z.string(),
  evidence: z.number().nonnegative().max(1e12),
  canary: armSchema,
  baseline: armSchema,
  moreRequestsNeeded: z.number().nullable(),
  rules: z.array(z.object({ id: z.string(), verdict: z.string(), atMs: z.number().nullable() })).optional(),
});

async function answerTo(argv: string[], options: MemoryIoOptions = {}): Promise<z.output<typeof answerSchema>> {
  const { code, out } = await seatrial([...argv, '--json'], options);
  expect(code).toBe(0);
  return answerSchema.parse(JSON.parse(out));
}

const half = csv({ seconds: 60, canary: [5, 2], baseline: [95, 0] });
const healthy = csv({ seconds: 120, canary: [10, 0], baseline: [90, 0] });

describe('seatrial analyze', () => {
  it('rolls back a canary of which nearly half fails within seconds', async () => {
    const answer = await answerTo([file('half.csv', half)]);
    expect(answer).toMatchObject({ verdict: 'fail', moreRequestsNeeded: null });
    expect(answer.atMs).toBeLessThanOrEqual(5000);
    expect(answer.evidence).toBeGreaterThanOrEqual(100);
    expect(answer.canary.requests).toBe(5 * ((answer.atMs ?? 0) / 1000));
    expect(answer.reason).toMatch(/canary 40 % \[.*\], baseline 0 % .*limit \+2 points, evidence \d+:1 → roll back/);
  });

  it('calls a healthy canary safe, with the evidence for safety', async () => {
    const answer = await answerTo([file('healthy.csv', healthy)]);
    expect(answer.verdict).toBe('pass');
    expect(answer.evidence).toBeGreaterThanOrEqual(20);
    expect(answer.atMs).toBeGreaterThan(10_000);
    expect(answer.atMs).toBeLessThan(40_000);
    expect(answer).toMatchObject({ canary: { requests: 1200 }, baseline: { requests: 10_800 } });
  });

  it('says how many more requests it needs where nothing is proven', async () => {
    const short = file('short.csv', csv({ seconds: 8, canary: [10, 0], baseline: [90, 0] }));
    const answer = await answerTo([short]);
    expect(answer).toMatchObject({ verdict: 'inconclusive', atMs: null });
    expect(answer.moreRequestsNeeded).toBeGreaterThan(20);
    expect(answer.moreRequestsNeeded).toBeLessThan(400);
    const { out, code } = await seatrial([short]);
    expect(code).toBe(0);
    expect(out).toMatch(/^NOT DECIDED in 8s: about \d+ more canary requests\n/);
  });

  it('finds a late fault, and says that it had been called safe before', async () => {
    const late = csv(
      { seconds: 60, canary: [10, 0], baseline: [90, 0] },
      { seconds: 60, canary: [10, 5], baseline: [90, 0] },
    );
    const { out } = await seatrial([file('late.csv', late)]);
    expect(out).toMatch(/^ROLL BACK, 1m \d+s after the canary's first request\n/);
    expect(out).toMatch(/It had been called safe after \d+(\.\d)?s; the evidence against it came later\./);
  });

  it('draws the evidence in at most 100 columns, with both limits and no colour', async () => {
    const { out } = await seatrial(['half.csv']);
    const chart = out.split('\n').filter((line) => /[┤└]/.test(line));
    expect(chart).toHaveLength(13);
    for (const line of chart) expect(line.length).toBeLessThanOrEqual(100);
    expect(chart.filter((line) => line.includes('● here: roll back'))).toHaveLength(1);
    expect(chart.filter((line) => line.includes('○ here: safe'))).toHaveLength(1);
    expect(chart.join('')).toMatch(/●/);
    expect(out).not.toContain('\u001b[');
  });

  it('takes the margin and the chance of a false rollback', async () => {
    const slight = file('slight.csv', csv({ seconds: 300, canary: [50, 3], baseline: [50, 0] }));
    expect((await answerTo([slight])).verdict).toBe('fail');
    expect((await answerTo([slight, '--margin', '20pp'])).verdict).toBe('pass');
    const strict = await answerTo([slight, '--alpha', '0.0001%']);
    expect(strict.evidence).toBeGreaterThanOrEqual(1e6);
  });

  it('judges latencies when there are some, as a list or as buckets', async () => {
    const rows = (column: string, slow: string, quick: string): string =>
      `t,arm,n,errors,${column}\n${Array.from({ length: 120 }, (_, second) => `${second * 1000},baseline,40,0,${quick}\n${second * 1000},canary,40,0,${slow}`).join('\n')}\n`;
    const list = (ms: number): string => Array.from({ length: 40 }, (_, index) => ms + index / 10).join(' ');
    const answer = await answerTo([file('slow.csv', rows('latencies', list(90), list(10)))]);
    expect(answer).toMatchObject({ verdict: 'fail', canary: { failures: 0 } });
    expect(answer.reason).toMatch(/p99/);
    expect(answer.canary.latencyP99Ms).toBeGreaterThan(90);
    expect(answer.baseline.latencyP99Ms).toBeLessThan(15);
    const bucketed = await answerTo([file('slow-buckets.csv', rows('buckets', '50:0 100:40', '10:30 20:10 30:0'))]);
    expect(bucketed).toMatchObject({ verdict: 'fail', canary: { latencyP99Ms: 100 }, baseline: { latencyP99Ms: 20 } });
  });

  it('reads standard input, named or not, and JSON lines as well', async () => {
    expect((await answerTo(['-'], { input: half })).verdict).toBe('fail');
    expect((await answerTo([], { input: half })).verdict).toBe('fail');
    const lines = half
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map(([t, arm, n, errors]) => JSON.stringify({ t: Number(t), arm, n: Number(n), errors: Number(errors) }));
    expect((await answerTo(['-'], { input: lines.join('\n') })).verdict).toBe('fail');
  });

  it('judges by the rules of another tool beside its own', async () => {
    const { out } = await seatrial(['half.csv', '--rules', 'argo']);
    expect(out).toMatch(/^ROLL BACK/);
    expect(out).toContain('implementations of our own from their documents');
    expect(out).toContain('failureLimit 0: ROLL BACK after 1m: failed (1) > failureLimit (0)'.slice(-50));
    const answer = await answerTo(['half.csv', '--rules', 'flagger']);
    expect(answer.verdict).toBe('fail');
    expect(answer.rules?.map(({ id, verdict, atMs }) => [id, verdict, atMs])).toEqual([
      ['flagger', 'inconclusive', null],
      ['flagger-5', 'inconclusive', null],
    ]);
    const long = file('long.csv', csv({ seconds: 1200, canary: [5, 2], baseline: [95, 0] }));
    for (const [rules, expected] of [
      ['thresholds', [['thresholds', 'fail', 60_000]]],
      [
        'flagger',
        [
          ['flagger', 'fail', 660_000],
          ['flagger-5', 'fail', 360_000],
        ],
      ],
      [
        'argo',
        [
          ['argo', 'fail', 960_000],
          ['argo-0', 'fail', 60_000],
        ],
      ],
      ['kayenta', [['kayenta', 'inconclusive', null]]],
    ] as const) {
      const judged = await answerTo([long, '--rules', rules]);
      expect(judged.rules?.map(({ id, verdict, atMs }) => [id, verdict, atMs])).toEqual(expected);
    }
  });

  it('judges its own examples as their names say', async () => {
    expect((await answerTo([join(examples, 'bad-release.csv')])).verdict).toBe('fail');
    expect((await answerTo([join(examples, 'good-release.jsonl')])).verdict).toBe('pass');
  });

  it('writes a page that needs nothing else', async () => {
    const { out, code } = await seatrial(['half.csv', '--rules', 'kayenta', '--html', 'evidence.html']);
    expect(code).toBe(0);
    expect(out.trim().split('\n').at(-1)).toBe(`Page: ${join(directory, 'evidence.html')}`);
    const page = readFileSync(join(directory, 'evidence.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).not.toMatch(/<script|<link|<img|src=|@import|url\(/);
    expect(statSync(join(directory, 'evidence.html')).mode & 0o777).toBe(0o644);
  });
});

describe('seatrial analyze refuses', () => {
  it('what is no file, with the way out', async () => {
    const missing = await seatrial(['nowhere.csv']);
    expect(missing).toMatchObject({ code: 2, out: '' });
    expect(missing.error).toContain('error DATA_UNREADABLE: nowhere.csv cannot be read: there is no such file.');
    expect((await seatrial(['.'])).error).toContain('. cannot be read: it is a folder.');
  });

  it('to wait for a person who types nothing', async () => {
    const { code, error } = await seatrial([]);
    expect(code).toBe(2);
    expect(error).toContain('no file was named and nothing is piped in');
    expect(error).toContain('do: Name a file');
  });

  it('wrong data, in text and as one object', async () => {
    const name = file('wrong.csv', 't,arm,n,errors\n0,baseline,5,9\n');
    const text = await seatrial([name]);
    expect(text).toMatchObject({ code: 2, out: '' });
    expect(text.error).toBe(
      'error DATA_INVALID: wrong.csv cannot be judged:\n- line 2, column errors: 9 errors of 5 requests; expected at most n\ndo: Correct what is named. `seatrial analyze --help` shows the columns; examples/analyze has two files that work.\n',
    );
    const json = await seatrial([name, '--json']);
    expect(json.code).toBe(2);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, error: { code: 'DATA_INVALID' } });
    expect(json.out.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [['--margin', '2%'], '--margin is "2%": expected percentage points with its unit, such as "2pp"'],
    [['--margin', '0pp'], 'must be above 0pp and at most 50pp'],
    [['--alpha', '5'], '--alpha is "5": expected a percentage with its unit, such as "1%"'],
    [['--rules', 'flager'], 'Did you mean flagger?'],
    [['--rule', 'argo'], 'unknown option'],
  ])('%j', async (flags, expected) => {
    const { code, error } = await seatrial(['half.csv', ...flags]);
    expect(code).toBe(2);
    expect(error).toContain(expected);
  });

  it('to write a page where none can be', async () => {
    const { code, error } = await seatrial(['half.csv', '--html', 'no/such/folder.html']);
    expect(code).toBe(2);
    expect(error).toContain(
      'error PAGE_NOT_WRITTEN: The page no/such/folder.html could not be written: its folder does not exist.',
    );
    expect(existsSync(join(directory, 'no'))).toBe(false);
  });
});
