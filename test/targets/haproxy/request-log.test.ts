import { describe, expect, it } from 'vitest';
import { parseArrivals } from '../../../src/targets/haproxy/parse-arrivals.ts';
import { parseCounterName, parseLogLine } from '../../../src/targets/haproxy/request-log.ts';

const line = (
  changes: Partial<Record<'name' | 'number' | 'status' | 'how' | 'server' | 'served' | 'client', string>>,
) => {
  const one = {
    name: '1.4.0-0123456789ab/user',
    number: '7',
    status: '200',
    how: '--',
    server: 'shop_a/s1',
    served: '1.4.0-0123456789ab',
    client: '-',
    ...changes,
  };
  return `seatrial1 6218 41 ${one.name} ${one.number} ${one.status} ${one.how} 12 ${one.server} ${one.served} ${one.client}`;
};

describe('parseLogLine', () => {
  it('reads a whole line', () => {
    expect(parseLogLine(line({ client: '-8446744073709551616' }))).toEqual({
      pid: 6218,
      logged: 41,
      counted: {
        name: { revisionId: '1.4.0-0123456789ab', kind: 'user' },
        number: 7,
        status: 200,
        ended: 'answer',
        completed: true,
        durationMs: 12,
        server: 'shop_a/s1',
        servedBy: '1.4.0-0123456789ab',
        client: '-8446744073709551616',
      },
    });
  });

  it.each([
    ['an answer of the server', '500', '--', 'server_error', true],
    ['a client that is told it is wrong', '404', '--', 'answer', true],
    ['a time-out of the server', '504', 'sH', 'timeout', false],
    ['an answer that stopped in its middle by time', '200', 'sD', 'timeout', false],
    ['an answer that was cut', '200', 'SD', 'connection', false],
    ['a server that cannot be connected to', '503', 'SC', 'connection', false],
    ['a client that left before the answer', '-1', 'CH', 'left', false],
    ['a client that left while connecting', '503', 'CC', 'left', false],
    ['a client that left in the middle of a good answer', '200', 'CD', 'left', false],
    ['a client that left in the middle of a bad answer', '500', 'CD', 'server_error', false],
    ['an operator', '200', 'KD', 'left', false],
    ['a server that was marked down', '200', 'DD', 'connection', false],
    ['a refusal by a rule', '403', 'PR', 'answer', false],
    ['an answer that HAProxy does not understand', '502', 'PH', 'connection', false],
    ['a redirect by a rule', '302', 'LR', 'answer', false],
  ])('tells %s', (_, status, how, ended, completed) => {
    expect(parseLogLine(line({ status, how }))?.counted).toMatchObject({ ended, completed });
  });

  it('counts a line whose request was given to nobody, without a request', () => {
    for (const changes of [{ number: '-' }, { name: 'none/user' }, { name: '-', number: '-' }])
      expect(parseLogLine(line(changes))).toEqual({ pid: 6218, logged: 41, counted: null });
    expect(
      parseLogLine(line({ server: 'shop_a/<NOSRV>', served: 'none', status: '503', how: 'SC' }))?.counted,
    ).toMatchObject({
      server: null,
      servedBy: null,
      completed: false,
    });
  });

  it.each([
    '',
    'Proxy shop stopped (cumulated conns: FE: 2, BE: 0).',
    line({}).slice(0, 30),
    line({}).slice(0, -2),
    `${line({})} more`,
    line({}).replace('seatrial1', 'seatrial2'),
    line({ how: 'x' }),
    line({ number: '1e9' }),
    line({ name: 'x'.repeat(300) }),
  ])('takes nothing from %j', (text) => {
    expect(parseLogLine(text)).toBeNull();
  });
});

describe('parseCounterName', () => {
  it('wants a revision and a kind', () => {
    expect(parseCounterName('feature/x-0123/probe')).toEqual({ revisionId: 'feature/x-0123', kind: 'probe' });
    for (const text of ['none/user', '/user', 'user', '1.0.0/other', '']) expect(parseCounterName(text)).toBeNull();
  });
});

describe('parseArrivals', () => {
  it('reads the rows that are ours', () => {
    const answer = [
      '# table: seatrial_shop, type: string, size:1024, used:3',
      '0x5655478f5f68: key=1.0.0-ab/user use=2 exp=86399000 gpc0=7',
      '0x5655478f5f70: key=1.0.0-ab/drawn use=0 exp=86399000 gpc0=5',
      '0x5655478f5f78: key=none/user use=0 exp=0 gpc0=1',
    ].join('\n');
    expect(parseArrivals(answer)).toEqual([
      { revisionId: '1.0.0-ab', kind: 'user', arrived: 7, open: 2 },
      { revisionId: '1.0.0-ab', kind: 'drawn', arrived: 5, open: 0 },
    ]);
  });

  it('refuses what it does not understand', () => {
    for (const answer of ['', 'Unknown table', '# table: x, type: string, size:1, used:1\nkey=1'])
      expect(() => parseArrivals(answer)).toThrow(expect.objectContaining({ code: 'TARGET_REFUSED' }));
  });
});
