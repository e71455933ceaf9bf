import { describe, expect, it } from 'vitest';
import { DeployError } from '../../src/model/deploy-error.ts';
import { latencyBucketOf } from '../../src/model/traffic.ts';
import { type ObservedWindows, observedWindows } from '../../src/operations/analyze/observed-windows.ts';
import { readObservations } from '../../src/operations/analyze/read-observations.ts';

async function* pieces(...parts: Array<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

async function windowsOf(...parts: Array<string | Uint8Array>): Promise<ObservedWindows> {
  return observedWindows(await readObservations(pieces(...parts), 'traffic'));
}

async function mistakesIn(...parts: Array<string | Uint8Array>): Promise<string> {
  try {
    await readObservations(pieces(...parts), 'traffic');
  } catch (thrown) {
    if (thrown instanceof DeployError && thrown.code === 'DATA_INVALID')
      return thrown.message.replace('traffic cannot be judged:\n', '');
    throw thrown;
  }
  throw new Error('it was taken');
}

const header = 't,arm,n,errors\n';
const counts = { open: 0, newUnits: null };

describe('reading recorded traffic', () => {
  it('makes one window of all rows of a time, from CSV and from JSON lines alike', async () => {
    const csv = `${header}0,baseline,90,1\n0,canary,10,2\n0,canary,5,0\n1000,canary,8,1\n1000,baseline,80,0\n`;
    const json = csv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map(([t, arm, n, errors]) => JSON.stringify({ t: Number(t), arm, n: Number(n), errors: Number(errors) }))
      .join('\n');
    for (const text of [csv, json]) {
      const observed = await windowsOf(text);
      expect([...observed.windows]).toEqual([
        {
          fromMs: 0,
          toMs: 1000,
          settled: true,
          concurrent: true,
          canary: { requests: 15, failures: 2, failedUnits: null, ...counts },
          baseline: { requests: 90, failures: 1, failedUnits: null, ...counts },
          latency: null,
        },
        expect.objectContaining({ fromMs: 1000, toMs: 2000 }),
      ]);
      expect(observed).toMatchObject({ windowMs: 1000, pooled: false, hasConcurrentBaseline: true });
      expect(observed.weightPercent).toBeCloseTo((100 * 23) / 193, 6);
    }
  });

  it('takes the arms one after the other, other separators, a byte order mark, comments, blank lines and cut pieces', async () => {
    const text = `\ufeff# from production\n\nt;arm;n;errors;latencies;units\r\n0;baseline;2;0;5 7.5;0\r\n250;baseline;1;0;;0\r\n# the other\r\n0;canary;2;2;"9 8";1\r\n`;
    const bytes = Buffer.from(text);
    const observed = await windowsOf(bytes.subarray(0, 2), bytes.subarray(2, 45), bytes.subarray(45));
    const [first, second] = [...observed.windows];
    expect(first).toMatchObject({ canary: { requests: 2, failures: 2, failedUnits: 1 }, baseline: { failedUnits: 0 } });
    expect(first?.latency?.baseline.counts).toEqual([
      [latencyBucketOf(5), 1],
      [latencyBucketOf(7.5), 1],
    ]);
    expect(second).toMatchObject({ fromMs: 250, toMs: 500, baseline: { requests: 1 }, canary: { requests: 0 } });
    const tabs = await windowsOf('t\tarm\tn\terrors\n0\tcanary\t1\t0\n0\tbaseline\t1\t0');
    expect([...tabs.windows]).toHaveLength(1);
  });

  it('keeps the edges of buckets in every way of writing them', async () => {
    const json = '{"t":0,"arm":"canary","n":9,"errors":0,"buckets":{"100":4,"25":3,"+Inf":2}}';
    const pairs = 't,arm,n,errors,buckets\n0,canary,9,0,100:4 25:3 +Inf:2\n0,baseline,1,0,50:1\n';
    const quoted = 't,arm,n,errors,buckets\n0,canary,9,0,"{""100"":4,""25"":3,""+Inf"":2}"\n0,baseline,1,0,50:1\n';
    for (const text of [`${json}\n{"t":0,"arm":"baseline","n":1,"errors":0,"buckets":{"50":1}}`, pairs, quoted]) {
      const [window] = [...(await windowsOf(text)).windows];
      expect(window?.latency).toEqual({
        canary: {
          edgesMs: [25, 50, 100],
          counts: [
            [0, 3],
            [2, 4],
            [3, 2],
          ],
          open: 0,
        },
        baseline: { edgesMs: [25, 50, 100], counts: [[1, 1]], open: 0 },
      });
    }
  });

  it('takes what the baseline served before the canary as history, and says where an arm is alone', async () => {
    const observed = await windowsOf(
      `${header}0,baseline,90,1\n1000,baseline,80,1\n2000,baseline,70,0\n2000,canary,10,0\n3000,canary,20,0\n`,
    );
    expect(observed.prior).toEqual({ requests: 170, failures: 2 });
    expect(observed.dispersion).toMatchObject({ windows: 2, clusters: 2, requests: 170, failures: 2 });
    expect(observed.dispersion.squares).toBeCloseTo(1 / 90 + 1 / 80, 12);
    expect([...observed.windows].map(({ fromMs, concurrent }) => [fromMs, concurrent])).toEqual([
      [2000, true],
      [3000, false],
    ]);
    expect(observed).toMatchObject({ hasConcurrentBaseline: true, hasUnaccompaniedCanary: true });
    const apart = await windowsOf(`${header}0,baseline,90,1\n1000,canary,20,0\n`);
    expect(apart).toMatchObject({ hasConcurrentBaseline: false, prior: { requests: 90, failures: 1 } });
  });

  it('never loses a window to rounding', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => `${index * 0.1},canary,1,0\n${index * 0.1},baseline,1,0`);
    const windows = [...(await windowsOf(`${header}${rows.join('\n')}`)).windows];
    expect(windows.reduce((sum, { canary, baseline }) => sum + canary.requests + baseline.requests, 0)).toBe(1000);
    windows.slice(1).forEach((window, index) => {
      expect(window.fromMs).toBeGreaterThanOrEqual(windows[index]?.toMs ?? 0);
    });
  });

  it('pools the times of very long data', async () => {
    const rows = Array.from({ length: 150_000 }, (_, second) => `${second},${second % 2 ? 'canary' : 'baseline'},1,0`);
    const observed = await windowsOf(`${header}${rows.join('\n')}`);
    const windows = [...observed.windows];
    expect(observed).toMatchObject({ pooled: true, windowMs: 2 });
    expect(windows).toHaveLength(75_000);
    expect(windows[10]).toMatchObject({ canary: { requests: 1 }, baseline: { requests: 1 } });
  });
});

describe('mistakes in recorded traffic', () => {
  const row = (text: string): string => `${header}0,baseline,9,0\n${text}\n`;

  it.each([
    ['-5,canary,1,0', '- line 3, column t: is "-5"; expected milliseconds from 0 on, such as 1500 or 1767225600000'],
    ['NaN,canary,1,0', '- line 3, column t: is "NaN"; expected milliseconds from 0 on, such as 1500 or 1767225600000'],
    ['0,kanary,1,0', '- line 3, column arm: is "kanary"; expected baseline or canary'],
    ['0,,1,0', '- line 3, column arm: is empty; expected baseline or canary'],
    ['0,canary,-1,0', '- line 3, column n: is "-1"; expected a whole number from 0 on, such as 20'],
    ['0,canary,1.5,0', '- line 3, column n: is "1.5"; expected a whole number from 0 on, such as 20'],
    ['0,canary,0x10,0', '- line 3, column n: is "0x10"; expected a whole number from 0 on, such as 20'],
    ['0,canary,5,Infinity', '- line 3, column errors: is "Infinity"; expected a whole number from 0 on, such as 20'],
    ['0,canary,5,9', '- line 3, column errors: 9 errors of 5 requests; expected at most n'],
    ['0,canary,5', '- line 3: has 3 fields; expected 4 (t, arm, n, errors); quote a field that has separators in it'],
    ['0,canary,"5,0', /^- line \d: is not CSV: .*[Qq]uote/],
  ])('names line and column of %s', async (text, expected) => {
    const mistakes = await mistakesIn(row(text));
    if (typeof expected === 'string') expect(mistakes).toBe(expected);
    else expect(mistakes).toMatch(expected);
  });

  it('names what is wrong with latencies, buckets and units', async () => {
    const latency = (text: string): Promise<string> =>
      mistakesIn(`t,arm,n,errors,latencies,buckets,units\n0,canary,2,1,${text}\n`);
    expect(await latency('5 quick,,')).toContain('column latencies: has "quick"; expected milliseconds separated by');
    expect(await latency('5 -1,,')).toContain('column latencies: has "-1"');
    expect(await latency('5 6 7,,')).toContain('column latencies: has 3 requests where n is 2; expected at most n');
    expect(await latency('5,10:1,')).toContain('column buckets: is given beside latencies');
    expect(await latency(',10=1,')).toContain('column buckets: has "10=1"; expected edge:count pairs');
    expect(await latency(',-10:1,')).toContain('column buckets: has the edge "-10"');
    expect(await latency(',10:x,')).toContain('column buckets: has "x" at 10; expected a whole number');
    expect(await latency(',10:3,')).toContain('column buckets: has 3 requests where n is 2');
    expect(await latency(',{10:3},')).toContain('column buckets: is "{10:3}"; expected JSON');
    expect(await latency(',,2')).toContain('column units: 2 failing units for 1 errors; expected from 1 to errors');
    expect(await latency(',,0')).toContain('column units: 0 failing units for 1 errors');
  });

  it('refuses times that go back within an arm, and rows that mix latencies and buckets', async () => {
    expect(await mistakesIn(row('5000,canary,1,0\n4000,canary,1,0'))).toBe(
      '- line 4, column t: is 4000 after 5000 in the canary rows; expected times that do not go back (sort by t)',
    );
    expect(
      await mistakesIn(
        '{"t":0,"arm":"canary","n":1,"errors":0,"latencies":[5]}\n{"t":1,"arm":"canary","n":1,"errors":0,"buckets":{"9":1}}',
      ),
    ).toContain('line 2, column buckets: is used in some rows and latencies in others');
  });

  it('names what is wrong with the header', async () => {
    expect(await mistakesIn('0,canary,5,0\n')).toBe(
      '- line 1: is no header; expected column names, such as t,arm,n,errors',
    );
    expect(await mistakesIn('t,arm,n,errors,latencys\n0,canary,5,0,3\n')).toBe(
      '- line 1, column latencys: is unknown; expected only t, arm, n, errors, latencies, buckets, units; did you mean latencies?',
    );
    expect(await mistakesIn('t,arm,n\n0,canary,5\n')).toContain('line 1, column errors: is missing from the header');
    expect(await mistakesIn('t,arm,n,errors,n\n0,canary,5,0,3\n')).toContain('column n: stands in the header twice');
  });

  it('names what is wrong with JSON lines', async () => {
    expect(await mistakesIn('{"t":0,"arm":"canary","n":1,"errors":0}\n{"t":0,')).toContain(
      '- line 2: is not JSON: {"t":0,; expected one object such as {"t":1000,"arm":"canary","n":20,"errors":1}',
    );
    expect(await mistakesIn('{"t":0,"arm":"canary","n":1}\n')).toContain('line 1, column errors: is missing');
    expect(await mistakesIn('{"t":0,"arm":"canary","n":1,"errors":null}\n')).toContain(
      'line 1, column errors: is null',
    );
    expect(await mistakesIn('{"t":0,"arm":"canary","n":1,"errors":0,"latency":[1]}\n')).toContain(
      'line 1, column latency: is unknown',
    );
    expect(await mistakesIn('{"t":0,"arm":"canary","n":1,"errors":0}\n17\n')).toContain('line 2: is no object');
    expect(await mistakesIn('[{"t":0}]')).toContain('line 1: it is a JSON list; expected JSON lines');
  });

  it('tells five mistakes at once, and that there may be more', async () => {
    const rows = Array.from({ length: 9 }, () => '0,canary,x,0').join('\n');
    const mistakes = await mistakesIn(row(rows));
    expect(mistakes.split('\n')).toHaveLength(5);
    expect(mistakes).toMatch(/line 7, column n: .* \(more may follow\)$/);
  });

  it('refuses what holds nothing to compare', async () => {
    expect(await mistakesIn('')).toContain('it is empty');
    expect(await mistakesIn('\n  \n# only a comment\n')).toContain('it is empty');
    expect(await mistakesIn(header)).toBe('- it has no rows; expected rows of both arms');
    expect(await mistakesIn(row(''))).toContain(
      'it has no canary rows; a baseline can only be judged against a canary',
    );
    expect(await mistakesIn(`${header}0,canary,9,0\n`)).toContain('it has no baseline rows');
  });

  it('refuses what is no text', async () => {
    expect(await mistakesIn(Uint8Array.from([0x1f, 0x8b, 8, 0]))).toContain('it is compressed (gzip)');
    expect(await mistakesIn(Uint8Array.from([0xff, 0xfe, 0x74, 0]))).toContain('it is UTF-16');
    expect(await mistakesIn('t,arm', Uint8Array.from([0x2c, 0, 1, 2]))).toContain('byte 6: it is a binary file');
    expect(await mistakesIn(Uint8Array.from([0x74, 0xc3, 0x28, 0x0a]))).toContain('in another encoding');
  });
});
