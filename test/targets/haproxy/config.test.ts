import { describe, expect, it } from 'vitest';
import { assessConfig, type ConfigFinding, type RunningConfig } from '../../../src/targets/haproxy/assess-config.ts';
import {
  type FragmentSettings,
  planConfigFragment,
  planFirstMaps,
  renderConfigFragment,
} from '../../../src/targets/haproxy/config-fragment.ts';
import { parseMapList } from '../../../src/targets/haproxy/parse-map.ts';
import { parseProcessInfo } from '../../../src/targets/haproxy/parse-process-info.ts';
import { parseServerStat } from '../../../src/targets/haproxy/parse-server-stat.ts';
import { parseServersState } from '../../../src/targets/haproxy/parse-servers-state.ts';
import { parseConfigText } from '../../../src/targets/haproxy/read-config-text.ts';
import { showInfo, showMaps, showServersState, showStat } from './recorded-answers.ts';

const settings: FragmentSettings = {
  service: 'shop',
  bind: ':8080',
  statsSocket: '/run/haproxy/admin.sock',
  stateFile: '/var/lib/haproxy/servers.state',
  splitMap: '/etc/haproxy/split.map',
  revisionsMap: '/etc/haproxy/revisions.map',
  cookie: 'seatrial_unit',
  revisionHeader: 'x-seatrial-revision',
  backends: { a: 'be_a', b: 'be_b' },
  serversPerSlot: 3,
  health: { path: '/health', intervalMs: 1000, rise: 2, fall: 2 },
  timeouts: { connectMs: 1000, requestMs: 60_000, keepAliveMs: 5000, queueMs: 5000, tunnelMs: 3_600_000 },
  requestLog: true,
};

const running: RunningConfig = {
  info: parseProcessInfo(showInfo),
  level: 'admin',
  backends: ['be_a', 'be_b'],
  stats: parseServerStat(showStat),
  servers: parseServersState(showServersState),
  maps: parseMapList(showMaps),
  splitEntries: [{ key: 'split', value: '500:r1' }],
  tables: ['seatrial_shop'],
  configText: renderConfigFragment(settings),
};

function finding(findings: readonly ConfigFinding[], part: string): ConfigFinding | undefined {
  return findings.find((one) => one.part.startsWith(part));
}

describe('renderConfigFragment', () => {
  it('says at each line that is not self-evident why it is there', () => {
    const text = renderConfigFragment(settings);
    expect(text).toContain('stats socket /run/haproxy/admin.sock mode 660 level admin expose-fd listeners');
    expect(text).toContain('str(split),map_str(/etc/haproxy/split.map,0:none)');
    expect(text).toContain('acl seatrial_b var(txn.seatrial_point),sub(txn.seatrial_points) -m int lt 0');
    expect(text.match(/^backend be_/gm)).toHaveLength(2);
    expect(text.match(/retry-on conn-failure empty-response 0rtt-rejected/g)).toHaveLength(2);
    expect(text.match(/^ {4}# /gm)?.length).toBeGreaterThan(15);
    expect(text.split('\n').every((line) => line === '' || /^( {4}\S|\S)/.test(line))).toBe(true);
    expect(planFirstMaps(settings)[0]).toEqual({ path: '/etc/haproxy/split.map', text: 'split 0:none\n' });
  });

  it.each<[string, Partial<FragmentSettings>]>([
    ['a line end', { service: 'shop\n    bind :22' }],
    ['a blank in a path', { stateFile: '/var/lib/x y' }],
    ['a relative path', { splitMap: 'split.map' }],
    ['a comment', { health: { ...settings.health, path: '/health#x' } }],
    ['half a number', { serversPerSlot: 1.5 }],
    ['no number', { timeouts: { ...settings.timeouts, queueMs: Number.NaN } }],
    ['a cookie with a semicolon', { cookie: 'a;b' }],
    ['two slots of one name', { backends: { a: 'x', b: 'x' } }],
  ])('refuses %s', (_, wrong) => {
    expect(() => renderConfigFragment({ ...settings, ...wrong })).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});

describe('parseConfigText', () => {
  it('puts the lines of the defaults that apply before those of a section', () => {
    const sections = parseConfigText(`
global   # the process
    maxconn 100
defaults base
    retries 2
defaults other from base
    option   redispatch
backend one
    balance leastconn # why not
backend two from base
global
    nbthread 2
defaults
backend three
`);
    expect([...sections]).toEqual([
      ['global', ['maxconn 100', 'nbthread 2']],
      ['backend one', ['retries 2', 'option redispatch', 'balance leastconn']],
      ['backend two', ['retries 2']],
      ['backend three', []],
    ]);
  });

  it('finds the whole fragment in itself', () => {
    const sections = parseConfigText(renderConfigFragment(settings));
    for (const { head, lines } of planConfigFragment(settings)) {
      expect(sections.get(head)).toEqual(lines.map((line) => line.text));
      for (const line of lines) expect(line.fulfils?.test(line.text) ?? true).toBe(true);
    }
  });
});

describe('assessConfig', () => {
  it('misses only what is not there', () => {
    const missed = assessConfig(settings, running).filter((one) => one.state !== 'present');
    expect(missed).toEqual([
      {
        part: 'backend be_b: dynamic balance',
        state: 'unknown',
        detail: 'the socket does not show it',
        add: { section: 'backend be_b', line: 'balance roundrobin' },
      },
      {
        part: 'backend be_b: places for 3 instances',
        state: 'missing',
        detail: 'it has 1',
        add: {
          section: 'backend be_b',
          line: 'server-template s 1-3 127.0.0.1:1 disabled init-addr last,none',
        },
      },
      {
        part: 'backend be_b: health checks',
        state: 'missing',
        detail: 'off for v6',
        add: { section: 'backend be_b', line: 'default-server check inter 1000ms rise 2 fall 2' },
      },
      {
        part: 'revisions map /etc/haproxy/revisions.map',
        state: 'missing',
        detail: 'HAProxy has not loaded it',
        add: {
          section: 'frontend shop',
          line: 'http-after-response set-header x-seatrial-revision %[var(txn.seatrial_served),map_str(/etc/haproxy/revisions.map,none)]',
        },
      },
    ]);
  });

  it.each<[string, Partial<RunningConfig>, string]>([
    ['an old version', { info: { ...running.info, version: '2.4.22' } }, 'HAProxy 2.6'],
    ['a lower level', { level: 'operator' }, 'stats socket'],
    ['a backend that is not there', { backends: ['be_a'] }, 'backend be_b'],
    [
      'a static balance',
      { stats: running.stats.map((row) => (row.server === null ? { ...row, balance: 'static-rr' } : row)) },
      'backend be_a: dynamic',
    ],
    ['a map that is not loaded', { splitEntries: null }, 'split map'],
    ['a map without its key', { splitEntries: [] }, 'split map'],
    ['a key that stands twice', { splitEntries: [1, 2].map(() => ({ key: 'split', value: '0:x' })) }, 'split map'],
    ['a value that is no split', { splitEntries: [{ key: 'split', value: 'half' }] }, 'split map'],
    ['requests that are not numbered', { tables: ['another'] }, 'request log seatrial_shop'],
  ])('sees %s', (_, wrong, part) => {
    expect(finding(assessConfig(settings, { ...running, ...wrong }), part)?.state).toBe('missing');
    expect(finding(assessConfig(settings, running), part)?.state).not.toBe('missing');
  });

  it('wants nothing of the request log where it is not configured, and its lines where it is', () => {
    const without = { ...settings, requestLog: false };
    const file = renderConfigFragment(without);
    expect(file).not.toMatch(/^ring|^ {4}log|sc_inc/m);
    expect(finding(assessConfig(without, { ...running, tables: [], configText: file }), 'request log')).toBeUndefined();
    const missed = assessConfig(settings, { ...running, configText: file }).filter((one) => one.state === 'missing');
    expect(missed.map((one) => one.part).join('\n')).toMatch(
      /ring seatrial_shop: format raw\n[\s\S]*log ring@seatrial_shop format raw local0\n[\s\S]*log-format/,
    );
  });

  it('takes a line of the same purpose, also from the defaults, and misses a weaker one', () => {
    const text = renderConfigFragment(settings);
    const own = text
      .replaceAll(/^ {4}(retries 3|option redispatch 1)\n/gm, '')
      .replace(/^frontend/m, 'defaults\n    retries 5\n    option redispatch\nfrontend')
      .replace('http-request disable-l7-retry unless METH_GET', 'http-request disable-l7-retry if METH_POST')
      .replace('    retry-on conn-failure empty-response 0rtt-rejected\n', '    retry-on 503\n')
      .replace('level admin expose-fd listeners', 'level admin');
    const missed = assessConfig(settings, { ...running, configText: own }).filter(
      (one) => one.detail === 'not in the file',
    );
    expect(missed.map((one) => one.part)).toEqual([
      'global: stats socket /run/haproxy/admin.sock mode 660 level admin expose-fd listeners',
      'backend be_a: retry-on conn-failure empty-response 0rtt-rejected',
    ]);
  });

  it('claims nothing about lines that no answer shows when the file cannot be read', () => {
    const findings = assessConfig(settings, { ...running, configText: null });
    expect(finding(findings, 'backend be_a: retries 3')).toMatchObject({
      state: 'unknown',
      add: { line: 'retries 3' },
    });
    expect(finding(findings, 'frontend shop: option idle-close-on-response')?.state).toBe('unknown');
  });
});
