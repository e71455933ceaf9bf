import { describe, expect, it } from 'vitest';
import { parseMapEntries, parseMapList, parsePreparedVersion } from '../../../src/targets/haproxy/parse-map.ts';
import { isAtLeast, isSameWorker, parseProcessInfo } from '../../../src/targets/haproxy/parse-process-info.ts';
import { parseServerStat } from '../../../src/targets/haproxy/parse-server-stat.ts';
import { parseServersConn } from '../../../src/targets/haproxy/parse-servers-conn.ts';
import { parseServersState } from '../../../src/targets/haproxy/parse-servers-state.ts';
import { assertDone, refusalKind, splitAnswers } from '../../../src/targets/haproxy/runtime-answer.ts';
import { runtimeCommand } from '../../../src/targets/haproxy/runtime-command.ts';
import { showInfo, showMaps, showServersConn, showServersState, showStat } from './recorded-answers.ts';

const refused = expect.objectContaining({ code: 'TARGET_REFUSED' });
const command = runtimeCommand.setWeight({ backend: 'be_b', server: 'rev-1' }, 13);

describe('splitAnswers', () => {
  it('takes silence for an answer of its own, and keeps the order', () => {
    const three = [command, command, command];
    expect(splitAnswers(three, '\nNo such server.\n\n\n')).toEqual(['', 'No such server.', '']);
    expect(splitAnswers([command], '\n')).toEqual(['']);
    const alone = runtimeCommand.delServer({ backend: 'be_b', server: 'rev-1' });
    expect(splitAnswers([alone], 'Server deleted.\n')).toEqual(['Server deleted.']);
    expect(splitAnswers([command, command], 'a\nb\n\n\n')).toEqual(['a\nb', '']);
  });

  it.each([
    ['fewer', '\n'],
    ['more', '\n\n\n'],
    ['none', ''],
    ['cut ones', '\nNo such ser'],
    ['one that lacks its end', '\nServer deleted.\n'],
  ])('throws at %s than there were commands', (_, text) => {
    expect(() => splitAnswers([command, command], text)).toThrow(refused);
  });
});

describe('an answer that was cut off', () => {
  const entries = '0x1 seatrial/slot/a rev-1\n0x2 seatrial/slot/b rev-2\n\n';
  it('is never taken for a shorter one, at whatever place', () => {
    const show = runtimeCommand.showMap('/maps/revisions.map');
    expect(splitAnswers([show], entries)).toEqual([entries.trimEnd()]);
    for (let length = 0; length < entries.length; length += 1)
      if (entries.slice(0, length) !== '\n')
        expect(() => splitAnswers([show], entries.slice(0, length)), String(length)).toThrow(
          expect.objectContaining({ code: 'TARGET_UNREACHABLE' }),
        );
  });

  it('is not taken for the silence of a command that was obeyed', () => {
    expect(() => splitAnswers([command], '')).toThrow(expect.objectContaining({ code: 'TARGET_UNREACHABLE' }));
  });
});

describe('refusalKind', () => {
  it.each([
    ['not permitted', 'Permission denied'],
    ['no such server', 'No such server.'],
    ['no such backend', 'No such backend.'],
    ['no such backend', 'No such proxy.'],
    ['no such backend', "Can't find backend."],
    ['no such map', 'Unknown map identifier. Please use #<id> or <file>.'],
    ['no such entry', 'entry not found.'],
    ['server exists', 'Already exists a server with the same name in backend.'],
    ['server in use', 'Server still has connections attached to it, cannot remove it.'],
    ['not in maintenance', 'Only servers in maintenance mode can be deleted.'],
    ['static balance', 'Backend must use a dynamic load balancing to support dynamic servers.'],
    ['static balance', "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."],
    ['version gone', 'Version number out of range.'],
    ['unknown command', 'Unknown command, but maybe one of the following ones is a better match:'],
    ['other', 'Something that a later version says'],
  ])('is %s for "%s"', (kind, answer) => {
    const thrown = thrownBy(() => assertDone(command, answer));
    expect(thrown).toEqual(refused);
    expect(refusalKind(thrown)).toBe(kind);
    expect(thrown).toMatchObject({ message: expect.stringContaining('set weight be_b/rev-1 13') });
  });

  it('is null for errors of another origin, and nothing is thrown for what was obeyed', () => {
    expect(refusalKind(new Error('x'))).toBeNull();
    expect(() => assertDone(command, '')).not.toThrow();
    expect(() => assertDone(command, 'New server registered.', /^New server registered\.$/)).not.toThrow();
    expect(() => assertDone(command, '', /^New server registered\.$/)).toThrow('HAProxy answered nothing');
  });
});

describe('parseProcessInfo', () => {
  it('reads who it is, and whether it is still the same', () => {
    const info = parseProcessInfo(showInfo);
    expect(info).toEqual({
      version: '2.6.12-1+deb12u4',
      pid: 28_396,
      startedAtSeconds: 1_795_285_373,
      uptimeSeconds: 578,
      stopping: false,
      threads: 2,
      maxConnections: 9983,
    });
    expect(isSameWorker(info, { ...info, uptimeSeconds: 600 })).toBe(true);
    expect(isSameWorker(info, { ...info, pid: 28_400 })).toBe(false);
    expect(isSameWorker(info, { ...info, startedAtSeconds: 1_795_285_400 })).toBe(false);
    expect(() => parseProcessInfo('Permission denied')).toThrow(refused);
    expect(() => parseProcessInfo(showInfo.replace('Pid: 28396', 'Pid: x'))).toThrow(refused);
  });

  it.each([
    ['2.6.12-1+deb12u4', true],
    ['2.10-dev', true],
    ['3.0.1', true],
    ['2.4.22', false],
    ['1.9', false],
    ['unknown', false],
  ])('compares version %s', (version, expected) => {
    expect(isAtLeast(version, 2, 6)).toBe(expected);
  });
});

describe('parseServerStat', () => {
  it('reads servers and their backend by the names of the columns', () => {
    const rows = parseServerStat(showStat);
    expect(rows.map((row) => [row.server, row.status, row.weight, row.checkStatus, row.balance])).toEqual([
      ['slot1', 'DOWN', 1, 'L4CON', ''],
      ['slot2', 'UP', 77, 'L7OK', ''],
      ['slot3', 'DRAIN', 33, 'L7OK', ''],
      [null, 'UP', 77, '', 'roundrobin'],
    ]);
    expect(rows[0]).toMatchObject({
      checkText: 'Connection refused',
      address: '127.0.0.2:18002',
      lastChangeSeconds: 372,
    });
  });

  it('does not depend on the order of columns, knows quotes and running checks', () => {
    const columns =
      'pxname,svname,type,last_chk,status,weight,qcur,qmax,scur,stot,econ,eresp,wretr,wredis,cli_abrt,srv_abrt,lastchg,check_status,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,';
    const [row] = parseServerStat(
      `# ${columns}\nweb,s1,2,"a ""b"", c",UP 1/2,4,1,2,3,9,5,6,7,8,1,2,60,* L7STS,0,4,0,2,3,0,\n`,
    );
    expect(row).toMatchObject({
      checkText: 'a "b", c',
      status: 'UP 1/2',
      checkStatus: 'L7STS',
      checkRunning: true,
      queue: { now: 1, max: 2 },
      sessions: { now: 3, total: 9 },
      connectErrors: 5,
      responseErrors: 6,
      retries: 7,
      redispatches: 8,
      answers: { informational: 0, ok: 4, redirect: 0, clientError: 2, serverError: 3, other: 0 },
      connections: null,
    });
  });

  it('takes nothing for zero that is not there', () => {
    expect(() => parseServerStat('No such proxy.')).toThrow(refused);
    expect(() => parseServerStat(showStat.replaceAll('econ', 'ecoff'))).toThrow('econ');
    expect(() => parseServerStat(showStat.replace(',UP,77,', ',UP,many,'))).toThrow('weight');
    expect(parseServerStat(`${showStat.split('\n')[0]}\n`)).toEqual([]);
  });
});

describe('parseServersState', () => {
  it('reads addresses and states; "disabled in the config" does not hide that a server is ready', () => {
    const servers = parseServersState(showServersState);
    expect(servers.map((one) => [one.server, one.operational, one.admin, one.weight, one.check, one.address])).toEqual([
      ['slot1', 'stopped', 'ready', 1, 'failed', '127.0.0.2'],
      ['slot2', 'running', 'ready', 77, 'passed', '127.0.0.1'],
      ['slot3', 'running', 'drain', 33, 'passed', '127.0.0.1'],
      ['v6', 'stopped', 'maint', 0, 'none', '::1'],
      ['s1', 'running', 'ready', 1, 'none', '127.0.0.1'],
    ]);
    expect(servers.map((one) => one.checkEnabled)).toEqual([true, true, true, false, false]);
    expect(servers[1]).toMatchObject({ backend: 'be_a', port: 18_002, initialWeight: 1 });
  });

  it('takes a change that lies ahead of the clock for one of now', () => {
    const [first] = parseServersState(showServersState.replace(' 0 4 1 1 ', ' 0 4 1 1 -').replace(/ -(\d+) /, ' -1 '));
    expect(first).toMatchObject({ server: 'slot1', lastChangeSeconds: 0 });
  });

  it('refuses another format, cut rows and unknown states', () => {
    expect(() => parseServersState(showServersState.replace('1\n#', '2\n#'))).toThrow('format');
    expect(() => parseServersState(showServersState.replace(' - 18002 - 0 0 - - 0', ''))).toThrow('fewer columns');
    expect(() => parseServersState(showServersState.replace('127.0.0.2 0 4', '127.0.0.2 9 4'))).toThrow('not known');
    expect(() => parseServersState("Can't find backend.")).toThrow(refused);
  });
});

describe('parseServersConn', () => {
  it('reads used and idle connections whatever the number of threads', () => {
    expect(parseServersConn(showServersConn)).toEqual([
      { backend: 'be_a', server: 'slot1', used: 0, idle: 0, idleLimit: null },
      { backend: 'be_a', server: 'slot2', used: 0, idle: 0, idleLimit: null },
      { backend: 'be_a', server: 'slot3', used: 0, idle: 0, idleLimit: null },
    ]);
    const four =
      '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[4]\nbe/s 4/2 ::1 80 - 0 3 1 1 2 0 0 2 1 1 0 0';
    expect(parseServersConn(four)).toEqual([{ backend: 'be', server: 's', used: 3, idle: 2, idleLimit: 0 }]);
    expect(() => parseServersConn('be/s 1')).toThrow(refused);
  });
});

describe('maps', () => {
  it('reads the list, and where each is used', () => {
    expect(parseMapList(showMaps)).toEqual([
      {
        file: '/etc/haproxy/split.map',
        description:
          "pattern loaded from file '/etc/haproxy/split.map' used by map at file '/etc/haproxy/haproxy.cfg' line 16.",
        currentVersion: 0,
        nextVersion: 0,
        entries: 1,
      },
    ]);
    expect(() => parseMapList('Permission denied')).toThrow(refused);
  });

  it('reads entries, the same key twice too, and nothing of an empty map', () => {
    expect(parseMapEntries('0x55be85695960 split 500 r1\n0x55be85893630 split 7\n')).toEqual([
      { key: 'split', value: '500 r1' },
      { key: 'split', value: '7' },
    ]);
    expect(parseMapEntries('')).toEqual([]);
    expect(() => parseMapEntries('Unknown map identifier.')).toThrow(refused);
  });

  it('reads the number of a prepared version', () => {
    expect(parsePreparedVersion('New version created: 12')).toBe(12);
    expect(parsePreparedVersion('Permission denied')).toBeNull();
  });
});

function thrownBy(work: () => void): unknown {
  try {
    work();
    return null;
  } catch (thrown) {
    return thrown;
  }
}
