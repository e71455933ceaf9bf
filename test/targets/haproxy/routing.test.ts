import { describe, expect, it } from 'vitest';
import { haproxyTargetSchema } from '../../../src/model/config/target.ts';
import type { PlacedRevision } from '../../../src/model/target.ts';
import { differences } from '../../../src/targets/haproxy/compare-engine.ts';
import { parseKeys, renderEntries } from '../../../src/targets/haproxy/engine-keys.ts';
import { describeEngineState } from '../../../src/targets/haproxy/engine-state.ts';
import type { EngineView } from '../../../src/targets/haproxy/engine-view.ts';
import { fragmentSettingsOf, socketAddressOf } from '../../../src/targets/haproxy/fragment-settings-of.ts';
import type { ServerState } from '../../../src/targets/haproxy/parse-servers-state.ts';
import { planWanted } from '../../../src/targets/haproxy/plan-wanted.ts';

const worker = {
  version: '2.6.12',
  pid: 7,
  startedAtSeconds: 1,
  uptimeSeconds: 1,
  stopping: false,
  threads: 2,
  maxConnections: 100,
};

function server(backend: string, name: string, changes: Partial<ServerState> = {}): ServerState {
  return {
    backend,
    server: name,
    address: '127.0.0.1',
    port: 1,
    operational: 'running',
    admin: 'maint',
    weight: 1,
    initialWeight: 1,
    check: 'passed',
    checkEnabled: true,
    lastChangeSeconds: 1,
    ...changes,
  };
}

function placed(id: string, changes: Partial<PlacedRevision> & { ports?: number[] } = {}): PlacedRevision {
  const { ports = [], ...rest } = changes;
  return {
    revision: { id, version: id, commit: null, ref: null, artifact: null },
    role: 'candidate',
    weightPercent: 0,
    wantedInstances: ports.length,
    instances: ports.map((port, index) => ({
      id: `i${index}`,
      state: 'ready',
      pid: 1,
      url: `http://127.0.0.1:${port}`,
      restarts: 0,
      startedAtMs: 0,
      lastExit: null,
    })),
    inFlight: 0,
    retireAtMs: null,
    ...rest,
  };
}

const emptyView: EngineView = {
  worker,
  split: { pointsOfB: 0, salt: 'none' },
  entries: [],
  keys: { slots: { a: null, b: null }, fence: 0 },
  servers: { a: [server('a', 's1'), server('a', 's2')], b: [server('b', 's1'), server('b', 's2')] },
};

describe('what HAProxy is to do', () => {
  const wanted = (revisions: PlacedRevision[], slots: { a: string | null; b: string | null }, view = emptyView) => {
    const plan = planWanted({ revisions, slots, fence: 3, view, saltOf: (id) => `salt-${id}` });
    if (!plan.ok) throw new Error(`no room in ${plan.slot} for ${plan.instances}`);
    return plan.wanted;
  };

  it('checks a candidate without users and opens it only with the first of them', () => {
    const stable = placed('one', { role: 'stable', weightPercent: 100, ports: [11, 12] });
    const slots = { a: 'two', b: 'one' };
    const without = wanted([stable, placed('two', { ports: [21] })], slots);
    expect(without.split).toEqual({ pointsOfB: 10_000, salt: 'none' });
    expect(without.servers.map(({ port, open }) => [port, open])).toEqual([
      [21, false],
      [null, false],
      [11, true],
      [12, true],
    ]);
    const some = wanted([{ ...stable, weightPercent: 75 }, placed('two', { weightPercent: 25, ports: [21] })], slots);
    expect(some.split).toEqual({ pointsOfB: 7500, salt: 'salt-two' });
    expect(some.servers[0]).toEqual({ backend: 'a', server: 's1', port: 21, open: true });
    expect(some.entries).toEqual([
      { key: 'a/s1', value: 'two' },
      { key: 'b/s1', value: 'one' },
      { key: 'b/s2', value: 'one' },
      { key: 'seatrial/fence', value: '3' },
      { key: 'seatrial/slot/a', value: 'two' },
      { key: 'seatrial/slot/b', value: 'one' },
    ]);
  });

  it('leaves each instance at its server, and gives new ones the free servers', () => {
    const [s1, s2] = [server('a', 's1', { admin: 'ready', port: 11 }), server('a', 's2', { admin: 'ready', port: 12 })];
    const view = { ...emptyView, servers: { ...emptyView.servers, a: [s1, s2] } };
    const moved = placed('one', { role: 'stable', weightPercent: 100, ports: [13, 12] });
    expect(wanted([moved], { a: 'one', b: null }, view).servers.slice(0, 2)).toMatchObject([
      { port: 13 },
      { port: 12 },
    ]);
    const many = placed('one', { role: 'stable', weightPercent: 100, ports: [1, 2, 3] });
    expect(planWanted({ revisions: [many], slots: { a: 'one', b: null }, fence: 0, view, saltOf: String })).toEqual({
      ok: false,
      slot: 'a',
      instances: 3,
    });
  });

  it('tells what is otherwise, and nothing of what is as it should be', () => {
    const plan = wanted([placed('one', { role: 'stable', weightPercent: 100, ports: [11] })], { a: 'one', b: null });
    expect(differences(emptyView, plan)).toEqual([
      'the revisions map has other entries',
      'a/s1 is in state maint at 127.0.0.1:1',
    ]);
    const a = [server('a', 's1', { admin: 'ready', port: 11 }), server('a', 's2')];
    const view = { ...emptyView, entries: plan.entries, servers: { ...emptyView.servers, a } };
    expect(differences(view, plan)).toEqual([]);
    expect(differences({ ...view, split: null }, plan)).toEqual([
      'no split instead of a split of 0 % to slot b (0:none)',
    ]);
  });
});

describe('what HAProxy does', () => {
  it('is read from the split, for slots that are open only', () => {
    const one = placed('one', { role: 'stable', weightPercent: 100, ports: [11] });
    const two = placed('two', { weightPercent: 0, ports: [21] });
    const host = { up: true, token: 'of the host', fence: 2, cut: 9, revisions: [one, two] };
    const keys = { slots: { a: 'one', b: 'two' }, fence: 4 };
    const open = server('a', 's1', { admin: 'ready', port: 11 });
    const closed = server('b', 's1', { admin: 'drain', port: 21 });
    const view = { ...emptyView, keys, split: { pointsOfB: 3000, salt: 's' }, servers: { a: [open], b: [closed] } };
    const state = describeEngineState(host, { view, stats: [], cut: 1 });
    expect(state).toMatchObject({ up: true, fence: 4, cut: 1 });
    expect(state.revisions.map(({ weightPercent }) => weightPercent)).toEqual([70, 0]);
    const opened = { ...view, servers: { a: [open], b: [{ ...closed, admin: 'ready' as const }] } };
    const other = describeEngineState(host, { view: opened, stats: [], cut: 1 });
    expect(other.revisions.map(({ weightPercent }) => weightPercent)).toEqual([70, 30]);
    expect(other.token).not.toBe(state.token);
    expect(describeEngineState(host, { view: { ...view, servers: { a: [], b: [] } }, stats: [], cut: 0 }).up).toBe(
      false,
    );
  });

  it('keeps keys that it wrote, and takes nonsense for none', () => {
    const keys = { slots: { a: null, b: '1.0.0-abc' }, fence: 12 };
    expect(parseKeys(renderEntries(keys, new Map([['b/s1', '1.0.0-abc']])))).toEqual(keys);
    expect(parseKeys([{ key: 'seatrial/fence', value: 'many' }])).toEqual({ slots: { a: null, b: null }, fence: 0 });
  });
});

describe('the settings of a target', () => {
  const spec = haproxyTargetSchema.parse({
    kind: 'haproxy',
    command: ['node', 'server.js'],
    socket: '127.0.0.1:9999',
    slots: { a: 'shop_a', b: 'shop_b' },
    splitMap: '/etc/haproxy/split.map',
    revisionsMap: '/etc/haproxy/revisions.map',
    stateFile: '/var/lib/haproxy/state',
  });

  it('become those of the fragment', () => {
    expect(fragmentSettingsOf(spec, { service: 'shop', url: 'https://[::1]' })).toMatchObject({
      bind: '[::1]:443',
      serversPerSlot: 8,
      cookie: 'seatrial_unit',
      health: { path: '/health', intervalMs: 1000, rise: 2, fall: 3 },
      timeouts: { requestMs: 30_000, tunnelMs: 300_000 },
    });
    expect(socketAddressOf('[::1]:99')).toEqual({ host: '::1', port: 99 });
    expect(socketAddressOf('/run/admin.sock')).toEqual({ path: '/run/admin.sock' });
  });

  it('refuse a socket that others can reach, and one backend for both slots', () => {
    const issues = (changes: Record<string, unknown>) =>
      haproxyTargetSchema
        .safeParse({ ...spec, health: {}, ...changes })
        .error?.issues.map(({ path }) => path.join('.'));
    expect(issues({ socket: '10.0.0.1:9999' })).toContain('socket');
    expect(issues({ socket: 'relative.sock' })).toContain('socket');
    expect(issues({ slots: { a: 'x', b: 'x' } })).toContain('slots');
  });
});
