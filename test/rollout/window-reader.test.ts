import { beforeEach, describe, expect, it } from 'vitest';
import type { Judge } from '../../src/analysis/judge.ts';
import type { EventWindow, JudgedWindow } from '../../src/model/judged-window.ts';
import type {
  Arm,
  Measurement,
  MetricQuery,
  MetricSource,
  SourceTraits,
  Window,
} from '../../src/model/metric-source.ts';
import type { Plan } from '../../src/model/plan.ts';
import { createWindowReader, type WindowReader } from '../../src/rollout/window-reader.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { succeededRun } from '../fixtures/run-records.ts';
import { createWorld } from '../fixtures/simulated-world.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';

type Told = { requests: number; failures: number; open?: number; wrong?: number } | 'lost';

/** A source that tells of each window what the test has written down for it. */
class WrittenSource implements MetricSource {
  readonly kind = 'written';
  readonly traits: SourceTraits;
  known: number | null = null;
  readonly told = new Map<string, Told>();
  readonly events = new Map<string, { events: number; opportunities: number }>();

  constructor(traits: Partial<SourceTraits>) {
    this.traits = { windowMs: 250, countedBy: 'arrival', settleMs: 0, latency: 'none', events: [], ...traits };
  }

  async start(): Promise<void> {}
  knownUntilMs = (): number | null => this.known;
  silentForMs = (): number => 0;
  latency = (): null => null;
  takeInstanceEvents = (): [] => [];
  eventWindowMs = (): number => 5000;

  measure(query: MetricQuery, window: Window, arm: Arm): Measurement {
    const shared = { window, source: 'written' };
    const told = this.told.get(`${arm} ${window.fromMs}`) ?? { requests: 0, failures: 0 };
    const apart = { open: 0, failedUnits: null, newUnits: null };
    if (query.kind === 'events') {
      const counted = this.events.get(`${arm} ${window.fromMs}`);
      if (counted === undefined) return { status: 'error', reason: 'not known yet', ...shared };
      const { events, opportunities } = counted;
      return { status: 'measured', value: 0, samples: opportunities, failures: events, ...apart, ...shared };
    }
    if (told === 'lost') return { status: 'error', reason: 'lost', ...shared };
    const { requests, failures, open = 0, wrong = 0 } = told;
    if (requests === 0) return { status: 'no_data', reason: 'nothing', ...shared };
    const bad = query.kind === 'requests' ? failures : query.kind === 'wrong_revision' ? wrong : 0;
    return { status: 'measured', value: bad / requests, samples: requests, failures: bad, ...apart, open, ...shared };
  }
}

let clock: VirtualClock;
let source: WrittenSource;
let observed: JudgedWindow[];
let fed: EventWindow[];
let slos: Window[];
let reader: WindowReader;
let startMs: number;

const begin = (
  traits: Partial<SourceTraits> = {},
  judge: Partial<Plan['content']['judge']> = {},
  steps?: Plan['content']['steps'],
): void => {
  const record = succeededRun();
  const settings = { ...usualJudge, requestTimeoutMs: 2000, ...judge };
  const plan: Plan = { ...record.plan, content: { ...record.plan.content, judge: settings, ...(steps && { steps }) } };
  source = new WrittenSource(traits);
  observed = [];
  fed = [];
  slos = [];
  const spy: Judge = {
    beginBake: () => undefined,
    observe: (window) => void observed.push(window),
    addSlo: ({ fromMs, toMs }) => void slos.push({ fromMs, toMs }),
    addEvents: (window) => void fed.push(window),
    assess: () => [],
    baselineBreaches: () => new Set(),
    totals: () => ({ canary: { requests: 0, failures: 0 }, baseline: { requests: 0, failures: 0 } }),
    overdispersion: () => ({ kind: 'unknown', clusters: 0, clustersNeeded: 10 }),
    snapshot: () => {
      throw new Error('not asked for');
    },
  };
  const { ports } = createWorld(clock, plan);
  reader = createWindowReader({ ...ports, metrics: source }, plan, spy);
  startMs = Math.floor(clock.now() / source.traits.windowMs) * source.traits.windowMs;
};
const tell = (arm: Arm, offsetMs: number, told: Told): void =>
  void source.told.set(`${arm} ${startMs + offsetMs}`, told);
const readUntil = (offsetMs: number): void => {
  source.known = startMs + offsetMs;
  reader.read();
};

beforeEach(() => {
  clock = createVirtualClock();
});

describe('windows', () => {
  it('go to the judge at once, and again until nothing in them is open', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 1, open: 2 });
    readUntil(500);
    expect(observed.map(({ fromMs, settled }) => [fromMs - startMs, settled])).toEqual([
      [0, false],
      [250, true],
    ]);
    readUntil(500);
    expect(observed.at(-1)).toMatchObject({ fromMs: startMs, settled: false, canary: { requests: 4, open: 2 } });
    tell('canary', 0, { requests: 4, failures: 3 });
    readUntil(500);
    expect(observed.at(-1)).toMatchObject({ fromMs: startMs, settled: true, canary: { failures: 3, open: 0 } });
    const seen = observed.length;
    readUntil(500);
    expect(observed.length).toBe(seen);
  });

  it('are settled at the time-out, whatever the source still calls open', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 0, open: 1 });
    readUntil(250);
    readUntil(2500);
    // Still open: it certifies nothing.
    expect(observed.filter(({ fromMs }) => fromMs === startMs).at(-1)).toMatchObject({
      settled: true,
      canary: { open: 1 },
    });
  });

  it('that were lost are skipped for both arms; lost later, what was said last holds', () => {
    begin();
    tell('canary', 0, 'lost');
    tell('baseline', 0, { requests: 9, failures: 0 });
    tell('canary', 250, { requests: 2, failures: 0, open: 1 });
    readUntil(500);
    expect(observed.map(({ fromMs }) => fromMs - startMs)).toEqual([250]);
    tell('canary', 250, 'lost');
    readUntil(500);
    expect(observed.at(-1)).toMatchObject({ settled: true, canary: { requests: 2 } });
  });

  it('are not lost when the clock goes back', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 0, open: 2 });
    readUntil(500);
    tell('canary', 0, 'lost');
    readUntil(0);
    expect(observed.filter(({ fromMs, settled }) => fromMs === startMs && settled)).toEqual([]);
    tell('canary', 0, { requests: 4, failures: 2 });
    readUntil(750);
    expect(observed.filter(({ fromMs, settled }) => fromMs === startMs && settled)).toMatchObject([
      { canary: { failures: 2 } },
    ]);
  });

  it('are concurrent while users went to both arms when they arrived, however late they are read', async () => {
    begin();
    await clock.advance(1000);
    reader.setWeight(5);
    await clock.advance(1000);
    reader.setWeight(100);
    await clock.advance(1000);
    readUntil(3000);
    const concurrent = observed.filter((window) => window.concurrent).map(({ fromMs }) => fromMs - startMs);
    expect([concurrent.length, Math.min(...concurrent), Math.max(...concurrent)]).toEqual([4, 1000, 1750]);
  });

  it('say nothing of the split while the weight is being changed', async () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 0 });
    reader.setWeight(5);
    readUntil(250);
    expect(observed.map(({ canary }) => canary.newUnits)).toEqual([null]);
    reader.beginBake('bake-5');
    readUntil(500);
    expect(observed.at(-1)?.canary.newUnits).toBe(0);
  });

  it.each([
    ['promoting brings them: the old address answers for the new revision', ['promote', 'bake'], 0],
    ['they were moved before: the stable revision is still there', ['set_weight', 'promote', 'bake'], 5],
  ] as const)('tell of the baseline after all users have moved: %s', async (_name, kinds, requests) => {
    const { steps } = succeededRun().plan.content;
    const chosen = kinds.flatMap((kind) => steps.find((step) => step.kind === kind) ?? []);
    expect(chosen.map(({ kind }) => kind)).toEqual(kinds);
    begin({}, {}, chosen);
    for (const offsetMs of [0, 1000]) tell('baseline', offsetMs, { requests: 5, failures: 0 });
    await clock.advance(1000);
    reader.setWeight(100);
    await clock.advance(1000);
    readUntil(2000);
    const at = (offsetMs: number): number | undefined =>
      observed.findLast(({ fromMs }) => fromMs === startMs + offsetMs)?.baseline.requests;
    expect([at(0), at(1000)]).toEqual([5, requests]);
  });

  it('say nothing for a while after a change of weight where requests are counted when they end', async () => {
    begin({ windowMs: 1000, countedBy: 'completion', settleMs: 3000 });
    readUntil(1000);
    await clock.advance(1000);
    reader.setWeight(5);
    readUntil(7000);
    expect(observed.map(({ fromMs }) => fromMs - startMs)).toEqual([0, 4000, 5000, 6000]);
  });

  it('tell each answer of a wrong revision once', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 0, open: 2, wrong: 1 });
    readUntil(250);
    readUntil(250);
    expect(reader.wrongRevision()).toBe(1);
    tell('canary', 0, { requests: 4, failures: 0, wrong: 3 });
    readUntil(250);
    expect(reader.wrongRevision()).toBe(3);
  });
});

describe('objectives', () => {
  it('get windows in order, each once and only when everything in it has ended', () => {
    begin({}, { slos: [{ name: 'errorRate', badRatio: 0.01, aboveMs: null }] });
    tell('canary', 0, { requests: 1, failures: 0, open: 1 });
    readUntil(500);
    expect(slos).toEqual([]);
    tell('canary', 0, { requests: 1, failures: 0 });
    readUntil(500);
    expect(slos.map(({ fromMs }) => fromMs - startMs)).toEqual([0, 250]);
  });
});

describe('seconds for the journal', () => {
  it('wait a second for what is open and no longer', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 1, open: 1 });
    readUntil(1000);
    expect(reader.takeSeconds()).toEqual([]);
    readUntil(2000);
    expect(reader.takeSeconds().map(({ fromMs, toMs }) => [fromMs - startMs, toMs - startMs])).toEqual([
      [0, 1000],
      [1000, 2000],
    ]);
    expect(reader.countedUntilMs()).toBe(startMs + 2000);
  });

  it('are written down again when what was open has failed', () => {
    begin();
    tell('canary', 0, { requests: 4, failures: 0, open: 3 });
    readUntil(2000);
    expect(reader.takeSeconds()[0]?.canary).toEqual({ requests: 4, failures: 0 });
    tell('canary', 0, { requests: 4, failures: 3 });
    source.told.set(`canary ${startMs}`, { requests: 4, failures: 3 });
    readUntil(2250);
    const again = reader.takeSeconds();
    expect(again.map(({ fromMs }) => fromMs - startMs)).toEqual([0]);
    readUntil(2500);
    expect(reader.takeSeconds()).toEqual([]);
  });

  it('leave out what was lost, which is not a second without requests', () => {
    begin({ windowMs: 1000 });
    tell('baseline', 0, { requests: 9, failures: 0 });
    tell('canary', 1000, 'lost');
    tell('baseline', 1000, 'lost');
    readUntil(4000);
    expect(reader.takeSeconds().map(({ fromMs }) => fromMs - startMs)).toEqual([0, 2000, 3000]);
    expect(reader.countedUntilMs()).toBe(startMs + 4000);
  });
});

describe('counted events', () => {
  const comparison = { kind: 'events' as const, metric: 'orders', share: 0.25, least: 0.8, lagMs: 0 };

  it('are fed while users go to both arms, wait for a source that lags, and skip what never comes', async () => {
    begin({}, { comparisons: [comparison], sourceGraceMs: 20_000 });
    reader.setWeight(25);
    readUntil(0);
    const first = Math.ceil(clock.now() / 5000) * 5000;
    await clock.advance(first - clock.now() + 5000);
    readUntil(0);
    expect(fed).toEqual([]);
    for (const arm of ['canary', 'baseline'] as const)
      source.events.set(`${arm} ${first}`, { events: 3, opportunities: 40 });
    readUntil(0);
    expect(fed).toEqual([
      {
        metric: 'orders',
        fromMs: first,
        toMs: first + 5000,
        canary: { events: 3, opportunities: 40 },
        baseline: { events: 3, opportunities: 40 },
      },
    ]);
    await clock.advance(30_000);
    for (const arm of ['canary', 'baseline'] as const)
      source.events.set(`${arm} ${first + 10_000}`, { events: 1, opportunities: 9 });
    readUntil(0);
    expect(fed.map(({ fromMs }) => fromMs - first)).toEqual([0, 10_000]);
  });
});
