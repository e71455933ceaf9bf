import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type CommandSourceOptions, createCommandReader } from '../../src/metrics/command-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';

const { signal } = new AbortController();

function readerOf(script: string, extra: Partial<CommandSourceOptions> = {}, words: string[] = []) {
  return createCommandReader({
    argv: [process.execPath, '-e', script, ...words],
    calls: 'both',
    everyMs: 1000,
    timeoutMs: 5000,
    settleMs: 1000,
    pass: [],
    directory: tmpdir(),
    countsRequests: true,
    latency: false,
    events: [],
    revisions: { baseline: { version: '1', revisionId: 'rev-1' }, canary: { version: '2; x', revisionId: 'rev-2' } },
    clock: createSystemClock(),
    ...extra,
  });
}

const print = (value: unknown): string => `console.log(${JSON.stringify(JSON.stringify(value))})`;

describe('command source', () => {
  it('reads both arms of one call, and an arm that is not there as no data', async () => {
    const arms = { baseline: { requests: 10, failures: 1 }, canary: null };
    expect(await readerOf(print({ arms }))(signal)).toMatchObject({
      baseline: { status: 'read', requests: { samples: 10, failures: 1, since: 'start' } },
      canary: { status: 'no_data' },
    });
  });

  const broken: Array<[string, RegExp, string, Partial<CommandSourceOptions>?]> = [
    [
      'ends with an error',
      /exit code 3: no database/,
      'console.error("\\u001b[31mno database\\u001b[0m"); process.exit(3)',
    ],
    ['prints nothing', /output is nothing/, ''],
    ['prints text', /no JSON/, 'console.log("hello")'],
    ['prints half', /no JSON/, 'process.stdout.write(\'{"arms":\')'],
    ['prints another shape', /does not fit: arms/, print({ requests: 1 })],
    ['prints a wrong type', /arms.canary.requests/, print({ arms: { canary: { requests: '1', failures: 0 } } })],
    ['prints an unknown key', /Unrecognized key/, print({ arms: { canary: { requests: 1, failures: 0, x: 1 } } })],
    ['never ends', /not finished after 0.3 s/, 'setInterval(() => 0, 1000)', { timeoutMs: 300 }],
  ];
  it.each(broken)('refuses one that %s', async (_, reason, script, extra = {}) => {
    await expect(readerOf(script, extra)(signal)).rejects.toThrow(reason);
  });

  it('refuses a program that is not there', async () => {
    await expect(readerOf('', { argv: ['seatrial-no-such-program'] })(signal)).rejects.toThrow(/not found/);
  });

  it('says error for an arm that prints less than was promised', async () => {
    const arms = {
      baseline: { requests: 1, failures: 0, events: { orders: { events: 1, opportunities: 2 } } },
      canary: { requests: 1 },
    };
    const read = readerOf(print({ arms }), { events: ['orders'] });
    expect(await read(signal)).toMatchObject({
      baseline: { status: 'read' },
      canary: { status: 'error', reason: 'the output has no requests and failures' },
    });
  });

  it('hands over arm, version and revision as whole words and variables, and no other variables', async () => {
    process.env['SEATRIAL_TEST_SECRET'] = 'x';
    const script = `
      const [arm, version, id, joined] = process.argv.slice(1);
      const { SEATRIAL_ARM, SEATRIAL_VERSION, SEATRIAL_REVISION, SEATRIAL_BASELINE_VERSION, SEATRIAL_TEST_SECRET } = process.env;
      const right = arm === SEATRIAL_ARM && version === SEATRIAL_VERSION && id === SEATRIAL_REVISION && joined === '--v={{version}}'
        && SEATRIAL_BASELINE_VERSION === '1' && SEATRIAL_TEST_SECRET === undefined;
      console.log(JSON.stringify({ requests: right ? version.length : 0, failures: 0 }));`;
    const words = ['{{arm}}', '{{version}}', '{{revisionId}}', '--v={{version}}'];
    expect(await readerOf(script, { calls: 'per-arm' }, words)(signal)).toMatchObject({
      baseline: { requests: { samples: 1 } },
      canary: { requests: { samples: 4 } },
    });
    delete process.env['SEATRIAL_TEST_SECRET'];
  });

  it('keeps an arm whose own call fails apart from the other', async () => {
    const script = `if (process.env.SEATRIAL_ARM === 'canary') process.exit(1); ${print({ requests: 1, failures: 0 })}`;
    expect(await readerOf(script, { calls: 'per-arm' })(signal)).toMatchObject({
      baseline: { status: 'read' },
      canary: { status: 'error', reason: expect.stringMatching(/exit code 1/) },
    });
  });
});
