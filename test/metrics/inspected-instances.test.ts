import { describe, expect, it } from 'vitest';
import { createInspectedInstances, instanceEvents } from '../../src/metrics/inspected-instances.ts';
import type { Instance, TargetState } from '../../src/model/target.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

const nowMs = 1_000_000;

function instance(changes: Partial<Instance> = {}): Instance {
  return { id: 'web-1', state: 'ready', pid: 7, url: null, restarts: 0, startedAtMs: null, lastExit: null, ...changes };
}

function stateWanting(wantedInstances: number, ...instances: Instance[]): TargetState {
  const revision = { id: '2.0.0-abc', version: '2.0.0', commit: null, ref: null, artifact: null };
  const placed = { revision, role: 'candidate', weightPercent: 5, wantedInstances, inFlight: 0, retireAtMs: null };
  return { up: true, token: 't', fence: 1, cut: 0, revisions: [{ ...placed, role: 'candidate', instances }] };
}

const stateOf = (...instances: Instance[]): TargetState => stateWanting(instances.length, ...instances);

const exit = (atMs: number, oom = false): Instance['lastExit'] => ({ code: oom ? null : 1, signal: null, oom, atMs });

describe('instance events between two looks', () => {
  const told = (before: TargetState | null, after: TargetState): Array<[string, number]> =>
    instanceEvents(before, after, nowMs).map(({ what, atMs }) => [what, atMs]);

  it('says nothing at the first look, and nothing when nothing changed', () => {
    const restarted = stateOf(instance({ restarts: 4, lastExit: exit(900_000) }));
    expect(told(null, restarted)).toEqual([]);
    expect(told(restarted, restarted)).toEqual([]);
  });

  it.each<[string, Partial<Instance>, Array<[string, number]>]>([
    [
      'two restarts, the last of them dated',
      { restarts: 2, lastExit: exit(999_000) },
      [
        ['exited', 998_999],
        ['exited', 999_000],
      ],
    ],
    ['a restart without a date', { restarts: 1 }, [['exited', nowMs]]],
    ['an exit that was not restarted', { state: 'stopped', lastExit: exit(999_500) }, [['exited', 999_500]]],
    [
      'a kill for memory',
      { restarts: 1, lastExit: exit(999_500, true) },
      [
        ['oom', 999_500],
        ['exited', 999_500],
      ],
    ],
    ['backing off without a date', { state: 'backing_off' }, [['exited', nowMs]]],
    ['health that is lost', { state: 'unhealthy' }, [['unhealthy', nowMs]]],
    ['given up', { state: 'gave_up' }, [['gave_up', nowMs]]],
    ['draining', { state: 'draining' }, []],
    [
      'more restarts than can be told',
      { restarts: 500 },
      Array.from({ length: 20 }, (_, index) => ['exited', nowMs - 19 + index]),
    ],
  ])('%s', (_name, change, expected) => {
    expect(told(stateOf(instance()), stateOf(instance(change)))).toEqual(expected);
  });

  it('takes one that stopped for dead while it is wanted, and for ended when it is not', () => {
    const stopped = instance({ state: 'stopped' });
    expect(told(stateWanting(1, instance()), stateWanting(1, stopped))).toEqual([['exited', nowMs]]);
    expect(told(stateWanting(1, instance()), stateWanting(0, stopped))).toEqual([['stopped', nowMs]]);
    expect(told(stateWanting(1, instance({ state: 'draining' })), stateWanting(1, stopped))).toEqual([
      ['stopped', nowMs],
    ]);
  });

  it('counts the whole life of an instance that came after the first look', () => {
    const after = stateOf(instance(), instance({ id: 'web-2', restarts: 1, lastExit: exit(999_000) }));
    expect(told(stateOf(instance()), after)).toEqual([
      ['exited', 999_000],
      ['ready', nowMs],
    ]);
  });

  it('tells how an exit ended, and of which revision and instance', () => {
    const [event] = instanceEvents(
      stateOf(instance()),
      stateOf(instance({ restarts: 1, lastExit: exit(999_000) })),
      nowMs,
    );
    expect(event).toMatchObject({ revisionId: '2.0.0-abc', instanceId: 'web-1', code: 1, signal: null, excerpt: null });
  });
});

describe('a target that is looked at', () => {
  it('tells each change once, and a look that fails or hangs tells nothing', async () => {
    const clock = createVirtualClock(nowMs);
    const ending = new AbortController();
    const looks: Array<() => Promise<TargetState>> = [
      async () => stateOf(instance()),
      async () => Promise.reject(new Error('the program is gone')),
      async () => stateOf(instance({ state: 'unhealthy' })),
      async () => stateOf(instance({ state: 'unhealthy' })),
    ];
    let asked = 0;
    const inspect = (): Promise<TargetState> => looks[Math.min(asked++, looks.length - 1)]?.() ?? Promise.reject();
    const source = createInspectedInstances({ inspect, clock, everyMs: 5000, withinMs: 1000 });
    await source.start({ baseline: null, canary: null }, ending.signal);
    const seen: string[][] = [];
    for (let look = 0; look < 5; look += 1) {
      await clock.advance(5000);
      seen.push(source.takeInstanceEvents().map(({ what }) => what));
    }
    expect(seen).toEqual([[], ['unhealthy'], [], [], []]);
    ending.abort();
    await clock.advance(20_000);
    expect(asked).toBeLessThanOrEqual(7);
  });
});
