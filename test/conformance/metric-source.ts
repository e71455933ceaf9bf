import { describe, expect, it } from 'vitest';
import type { Arm, LatencyReading, Measurement, MetricSource, Window } from '../../src/model/metric-source.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';

export type Behaviour = 'ok' | 'fail' | 'slow' | 'hang';

/** A real source with a real producer behind it, whose two arms get a steady stream of at least ten requests a second. */
export type MetricSourceHarness = {
  /** Windows of at most 1 s, to keep the suite short. */
  source: MetricSource;
  stratum: 'user' | 'probe';
  /** At most 2 s, to keep the suite short. */
  requestTimeoutMs: number;
  /** What requests of this arm meet from now on. `slow`: right, after `slowMs`. `hang`: never an answer. */
  behave(arm: Arm, how: Behaviour): void;
  slowMs: number;
  /** Highest limit above which every slow request must be found; left out: 90 % of `slowMs`. Coarse buckets have to give one of their edges. */
  slowAboveMs?: number;
  /** From now on the source cannot measure. */
  break(): Promise<void>;
  repair(): Promise<void>;
  /** Requests or connections that the producer has seen from the source so far. */
  contacts(): number;
  close(): Promise<void>;
};

export type HarnessOptions = { arms: Readonly<Record<Arm, string | null>> };
const bothArms = { baseline: 'rev-1', canary: 'rev-2' } as const;

/** Every driver of the MetricSource contract passes this, over real sockets. */
export function describeMetricSource(
  name: string,
  create: (options: HarnessOptions) => Promise<MetricSourceHarness>,
): void {
  describe.concurrent(`MetricSource: ${name}`, { timeout: 40_000 }, () => {
    const begin = async (onTestFinished: OnFinished, arms: HarnessOptions['arms'] = bothArms): Promise<Started> => {
      const started = observe(await create({ arms }));
      onTestFinished(async () => {
        started.ending.abort();
        await started.harness.close();
      });
      await started.harness.source.start(arms, started.ending.signal);
      return started;
    };

    it('knows nothing before it has heard anything, and says error rather than no data', async () => {
      const harness = await create({ arms: bothArms });
      const { requests, windowMs } = observe(harness);
      expect(harness.source.knownUntilMs()).toBeNull();
      expect(requests({ fromMs: 0, toMs: windowMs }, 'canary').status).toBe('error');
      expect(harness.source.takeInstanceEvents()).toEqual([]);
      await harness.close();
    });

    it('has traits that make sense, and answers for no event that they do not name', async ({ onTestFinished }) => {
      const { harness, freshWindow } = await begin(onTestFinished);
      const { traits } = harness.source;
      expect(Number.isInteger(traits.windowMs) && traits.windowMs > 0).toBe(true);
      expect(traits.settleMs).toBeGreaterThanOrEqual(0);
      if (traits.countedBy === 'arrival') expect(traits.settleMs).toBe(0);
      const window = await freshWindow();
      const query = { kind: 'events', name: 'nothing-of-this-name' } as const;
      expect(harness.source.measure(query, window, 'canary').status).toBe('error');
    });

    it('measures both arms, and windows add up', async ({ onTestFinished }) => {
      const { harness, requests, settledWindow, windowMs } = await begin(onTestFinished);
      const lengthMs = 2 * windowMs * Math.ceil(500 / windowMs);
      const window = await settledWindow(lengthMs);
      for (const arm of ['baseline', 'canary'] as const) {
        const whole = measured(requests(window, arm));
        expect(whole).toMatchObject({ value: 0, failures: 0, open: 0, window });
        expect(whole.failedUnits ?? 0).toBe(0);
        expect(whole.samples).toBeGreaterThanOrEqual(5);
        const middleMs = window.fromMs + lengthMs / 2;
        const halves = [
          { fromMs: window.fromMs, toMs: middleMs },
          { fromMs: middleMs, toMs: window.toMs },
        ].map((half) => measured(requests(half, arm)).samples);
        expect(halves.reduce((sum, samples) => sum + samples, 0)).toBe(whole.samples);
      }
      expect(harness.source.silentForMs()).toBeLessThan(Math.max(1000, 4 * windowMs));
    });

    it('sees failures in the arm that has them, before anything has timed out and after', async ({
      onTestFinished,
    }) => {
      const { harness, requests, freshWindow, settled } = await begin(onTestFinished);
      harness.behave('canary', 'fail');
      const window = await freshWindow();
      const early = measured(requests(window, 'canary'));
      expect(early.failures + early.open).toBe(early.samples);
      await settled(window);
      const canary = measured(requests(window, 'canary'));
      expect(canary).toMatchObject({ value: 1, failures: canary.samples, open: 0 });
      if (canary.failedUnits !== null) expect(canary.failedUnits).toBeGreaterThan(0);
      expect(measured(requests(window, 'baseline')).failures).toBe(0);
    });

    it('tells a request that never ends as open at once and as failed when it has timed out', async ({
      onTestFinished,
    }) => {
      const { harness, requests, freshWindow, settled } = await begin(onTestFinished);
      harness.behave('canary', 'hang');
      const window = await freshWindow();
      if (harness.source.traits.countedBy === 'completion') {
        // Nothing has ended, and what has not ended is not seen: no requests, rather than good ones.
        expect(requests(window, 'canary').status).toBe('no_data');
        expect(measured(requests(window, 'baseline')).open).toBe(0);
        return;
      }
      const early = measured(requests(window, 'canary'));
      expect(early).toMatchObject({ failures: 0, open: early.samples });
      const reading = harness.source.latency(window, 'canary', harness.stratum);
      if (reading !== null) expect([total(reading), reading.open]).toEqual([0, early.samples]);
      await settled(window);
      expect(measured(requests(window, 'canary'))).toMatchObject({
        failures: early.samples,
        samples: early.samples,
        open: 0,
      });
    });

    it('never takes back what it has told of a window, also when the connection breaks in between', async ({
      onTestFinished,
    }) => {
      const { harness, requests, freshWindow, settled } = await begin(onTestFinished);
      harness.behave('canary', 'slow');
      harness.behave('baseline', 'hang');
      const window = await freshWindow();
      const told = { baseline: countsOf(requests(window, 'baseline')), canary: countsOf(requests(window, 'canary')) };
      let breaking: Promise<void> | null = null;
      const look = (): void => {
        breaking ??= harness
          .break()
          .then(() => pause(300))
          .then(() => harness.repair());
        for (const arm of ['baseline', 'canary'] as const) {
          const now = countsOf(requests(window, arm));
          const before = told[arm];
          if (before === null || now === null) continue;
          expect(now.samples).toBeGreaterThanOrEqual(before.samples);
          expect(now.failures).toBeGreaterThanOrEqual(before.failures);
          // What was known to have ended well stays so.
          expect(now.samples - now.failures - now.open).toBeGreaterThanOrEqual(
            before.samples - before.failures - before.open,
          );
          told[arm] = now;
        }
      };
      await settled(window, look);
      look();
      await breaking;
    });

    it('calls nothing slow that was not, and finds what is slow', async ({ onTestFinished }) => {
      const { harness, requests, settledWindow } = await begin(onTestFinished);
      const { traits } = harness.source;
      harness.behave('canary', 'slow');
      const window = await settledWindow();
      const slower = (aboveMs: number, arm: Arm): Measurement =>
        harness.source.measure({ kind: 'slower_than', aboveMs, stratum: harness.stratum }, window, arm);
      const slowAboveMs = harness.slowAboveMs ?? harness.slowMs * 0.9;
      expect(measured(requests(window, 'canary')).failures).toBe(0);
      const reading = harness.source.latency(window, 'canary', harness.stratum);
      if (traits.latency === 'none' || reading === null) {
        expect([traits.latency, reading]).toEqual(['none', null]);
        expect(slower(slowAboveMs, 'canary').status).toBe('error');
        return;
      }
      const found = measured(slower(slowAboveMs, 'canary'));
      expect(found.failures).toBe(found.samples);
      expect(measured(slower(slowAboveMs, 'baseline')).value).toBeLessThan(0.5);
      expect(measured(slower(harness.slowMs * 5, 'canary')).failures).toBe(0);
      assertReading(reading, traits.latency);
      expect([total(reading), reading.open]).toEqual([found.samples, 0]);
      for (const [bucket] of reading.counts)
        expect(reading.edgesMs[bucket] ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(slowAboveMs);
    });

    it('says no data, not zero, for a revision that nothing arrived at', async ({ onTestFinished }) => {
      const { harness, requests, settledWindow } = await begin(onTestFinished, { baseline: null, canary: 'rev-2' });
      const window = await settledWindow();
      expect(requests(window, 'baseline').status).toBe('no_data');
      expect(requests(window, 'canary').status).toBe('measured');
      const reading = harness.source.latency(window, 'baseline', harness.stratum);
      if (reading !== null) expect([total(reading), reading.open]).toEqual([0, 0]);
    });

    it('never adds the other stratum', async ({ onTestFinished }) => {
      const { harness, settledWindow } = await begin(onTestFinished);
      const window = await settledWindow();
      const other = harness.stratum === 'user' ? 'probe' : 'user';
      expect(harness.source.measure({ kind: 'requests', stratum: other }, window, 'canary').status).not.toBe(
        'measured',
      );
      const reading = harness.source.latency(window, 'canary', other);
      if (reading !== null) expect([total(reading), reading.open]).toEqual([0, 0]);
    });

    it('refuses windows that it does not know: future, too young, not whole, before its time', async ({
      onTestFinished,
    }) => {
      const { harness, known, requests, settledWindow, windowMs } = await begin(onTestFinished);
      const window = await settledWindow();
      const youngMs = Math.floor(known() / windowMs) * windowMs;
      const unknown: Window[] = [
        { fromMs: youngMs + 100 * windowMs, toMs: youngMs + 101 * windowMs },
        { fromMs: youngMs, toMs: youngMs + windowMs },
        { fromMs: window.fromMs + 1, toMs: window.toMs + 1 },
        { fromMs: window.fromMs, toMs: window.fromMs },
        { fromMs: window.fromMs - 3600 * windowMs * 4, toMs: window.fromMs - 3599 * windowMs * 4 },
      ];
      for (const one of unknown) {
        expect(requests(one, 'canary').status).toBe('error');
        expect(harness.source.latency(one, 'canary', harness.stratum)).toBeNull();
      }
    });

    it('says error and grows silent while it cannot measure, and comes back by itself', async ({ onTestFinished }) => {
      const { harness, requests, known, settledWindow, windowMs } = await begin(onTestFinished);
      const before = await settledWindow();
      await harness.break();
      // Long enough that not even an answer under way at the break hides it.
      await until(() => harness.source.silentForMs() > Math.max(1500, 3 * windowMs));
      const lostMs = (Math.floor(known() / windowMs) + 2) * windowMs;
      expect(requests({ fromMs: lostMs, toMs: lostMs + windowMs }, 'canary').status).toBe('error');
      expect(measured(requests(before, 'canary')).failures).toBe(0);
      await harness.repair();
      await until(() => harness.source.silentForMs() < Math.max(500, 2 * windowMs));
      await until(() => {
        const toMs = Math.floor(known() / windowMs) * windowMs;
        return requests({ fromMs: toMs - windowMs, toMs }, 'canary').status === 'measured';
      });
    });

    it('ends with its signal', async ({ onTestFinished }) => {
      const { harness, known, freshWindow, ending } = await begin(onTestFinished);
      await freshWindow();
      ending.abort();
      // What was on its way when the signal fired may still arrive, later on a busy machine.
      for (let before = -1; before !== harness.contacts(); ) {
        before = harness.contacts();
        await pause(300);
      }
      const [contacts, knownMs] = [harness.contacts(), known()];
      await pause(600);
      expect(harness.contacts()).toBe(contacts);
      expect(known()).toBe(knownMs);
    });

    it('can be started only once', async ({ onTestFinished }) => {
      const { harness, ending } = await begin(onTestFinished);
      await expect(harness.source.start(bothArms, ending.signal)).rejects.toThrow(/only once/);
    });
  });
}

type OnFinished = (clean: () => Promise<void>) => void;
type Started = ReturnType<typeof observe>;
type Measured = Extract<Measurement, { status: 'measured' }>;

function observe(harness: MetricSourceHarness) {
  const { windowMs } = harness.source.traits;
  const known = (): number => harness.source.knownUntilMs() ?? Number.NEGATIVE_INFINITY;
  /** Waits until every request of the window has ended or timed out, and is known to have. */
  const settled = (window: Window, meanwhile: () => void = () => undefined): Promise<void> =>
    until(() => {
      meanwhile();
      return known() >= window.toMs + harness.requestTimeoutMs;
    });
  /** Whole windows that begin after this instant of the producer, as soon as they are known; at least 500 ms. */
  const freshWindow = async (lengthMs = windowMs * Math.ceil(500 / windowMs)): Promise<Window> => {
    await until(() => harness.source.knownUntilMs() !== null);
    const marginMs = Math.max(2 * windowMs, 500) + harness.source.traits.settleMs;
    const fromMs = Math.ceil((known() + marginMs) / windowMs) * windowMs;
    const window = { fromMs, toMs: fromMs + lengthMs };
    await until(() => known() >= window.toMs);
    return window;
  };
  return {
    harness,
    windowMs,
    ending: new AbortController(),
    known,
    settled,
    freshWindow,
    settledWindow: async (lengthMs?: number): Promise<Window> => {
      const window = await freshWindow(lengthMs);
      await settled(window);
      return window;
    },
    requests: (window: Window, arm: Arm): Measurement =>
      harness.source.measure({ kind: 'requests', stratum: harness.stratum }, window, arm),
  };
}

function measured(measurement: Measurement): Measured {
  if (measurement.status !== 'measured') throw new Error(`${measurement.status}: ${measurement.reason}`);
  const { value, failures, samples, open, failedUnits, newUnits } = measurement;
  expect(value).toBe(failures / samples);
  expect(samples).toBeGreaterThan(0);
  expect(failures).toBeGreaterThanOrEqual(0);
  expect(open).toBeGreaterThanOrEqual(0);
  expect(failures + open).toBeLessThanOrEqual(samples);
  if (failedUnits !== null) expect(failedUnits).toBeLessThanOrEqual(failures);
  if (newUnits !== null) expect(newUnits).toBeGreaterThanOrEqual(0);
  return measurement;
}

function countsOf(measurement: Measurement): Measured | null {
  return measurement.status === 'measured' ? measured(measurement) : null;
}

function assertReading(reading: LatencyReading, kind: 'fine' | 'coarse'): void {
  if (kind === 'fine') expect(reading.edgesMs).toEqual(logLatencyEdgesMs);
  expect(ascends(reading.edgesMs)).toBe(true);
  expect(ascends(reading.counts.map(([bucket]) => bucket))).toBe(true);
  for (const [bucket, count] of reading.counts) {
    expect(bucket >= 0 && bucket <= reading.edgesMs.length).toBe(true);
    expect(count).toBeGreaterThan(0);
  }
}

function ascends(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value > (values[index - 1] ?? value));
}

function total(reading: LatencyReading): number {
  return reading.counts.reduce((sum, [, count]) => sum + count, 0);
}

async function until(done: () => boolean, limitMs = 20_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('did not come about in time');
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
