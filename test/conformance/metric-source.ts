import { describe, expect, it } from 'vitest';
import type { Arm, Measurement, MetricSource, Window } from '../../src/model/metric-source.ts';
import { cellMs, latencyBucketUpperMs } from '../../src/model/traffic.ts';

export type Behaviour = 'ok' | 'fail' | 'slow' | 'hang';

/** A real source with a real producer behind it, whose two arms get a steady stream of requests. */
export type MetricSourceHarness = {
  source: MetricSource;
  stratum: 'user' | 'probe';
  /** Longer than `fastAgeMs`; at most 2 s, to keep the suite short. */
  requestTimeoutMs: number;
  /** What requests of this arm meet from now on. `slow`: right, after `slowMs`. `hang`: never an answer. */
  behave(arm: Arm, how: Behaviour): void;
  slowMs: number;
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
  describe.concurrent(`MetricSource: ${name}`, { timeout: 30_000 }, () => {
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
      const { errors } = observe(harness);
      expect(harness.source.knownUntilMs()).toBeNull();
      expect(errors({ fromMs: 0, toMs: cellMs }, 'canary').status).toBe('error');
      expect(harness.source.takeInstanceEvents()).toEqual([]);
      await harness.close();
    });

    it('measures both arms, and windows add up', async ({ onTestFinished }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished);
      const window = await freshWindow(1000, 1000);
      for (const arm of ['baseline', 'canary'] as const) {
        const whole = measured(errors(window, arm));
        expect(whole).toMatchObject({ value: 0, failures: 0, window });
        expect(whole.samples).toBeGreaterThanOrEqual(5);
        const halves = [
          { fromMs: window.fromMs, toMs: window.fromMs + 500 },
          { fromMs: window.fromMs + 500, toMs: window.toMs },
        ].map((half) => measured(errors(half, arm)).samples);
        expect(halves.reduce((sum, samples) => sum + samples, 0)).toBe(whole.samples);
      }
      expect(harness.source.silentForMs()).toBeLessThan(1000);
    });

    it('sees failures in the arm that has them, at either age', async ({ onTestFinished }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished);
      harness.behave('canary', 'fail');
      const window = await freshWindow(harness.requestTimeoutMs);
      for (const ageMs of [1000, harness.requestTimeoutMs]) {
        const canary = measured(errors(window, 'canary', ageMs));
        expect(canary.value).toBe(1);
        expect(canary.failures).toBe(canary.samples);
        expect(measured(errors(window, 'baseline', ageMs)).failures).toBe(0);
      }
    });

    it('counts a request that never ends as arrived at once and as failed only when it has timed out', async ({
      onTestFinished,
    }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished);
      harness.behave('canary', 'hang');
      const window = await freshWindow(harness.requestTimeoutMs);
      const fast = measured(errors(window, 'canary', 1000));
      const full = measured(errors(window, 'canary', harness.requestTimeoutMs));
      expect(fast.failures).toBe(0);
      expect(full).toMatchObject({ failures: full.samples, samples: fast.samples });
    });

    it('calls nothing slow that was not, and finds what is slow', async ({ onTestFinished }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished);
      harness.behave('canary', 'slow');
      const window = await freshWindow(1000);
      const slower = (aboveMs: number, arm: Arm): Measurement =>
        harness.source.measure({ kind: 'slower_than', aboveMs, stratum: harness.stratum }, window, arm);
      const found = measured(slower(harness.slowMs * 0.9, 'canary'));
      expect(found.failures).toBe(found.samples);
      expect(measured(slower(harness.slowMs * 0.9, 'baseline')).value).toBeLessThan(0.5);
      expect(measured(slower(harness.slowMs * 5, 'canary')).failures).toBe(0);
      expect(measured(errors(window, 'canary')).failures).toBe(0);
      const histogram = harness.source.latency(window, 'canary', harness.stratum);
      expect(histogram.reduce((sum, [, count]) => sum + count, 0)).toBe(found.samples);
      for (const [bucket] of histogram)
        expect(latencyBucketUpperMs(bucket)).toBeGreaterThanOrEqual(harness.slowMs * 0.9);
    });

    it('says no data, not zero, for a revision that nothing arrived at', async ({ onTestFinished }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished, { baseline: null, canary: 'rev-2' });
      const window = await freshWindow(1000);
      expect(errors(window, 'baseline').status).toBe('no_data');
      expect(errors(window, 'canary').status).toBe('measured');
      expect(harness.source.latency(window, 'baseline', harness.stratum)).toEqual([]);
    });

    it('never adds the other stratum', async ({ onTestFinished }) => {
      const { harness, freshWindow } = await begin(onTestFinished);
      const window = await freshWindow(1000);
      const other = harness.stratum === 'user' ? 'probe' : 'user';
      expect(harness.source.measure({ kind: 'errors', ageMs: 1000, stratum: other }, window, 'canary').status).not.toBe(
        'measured',
      );
      expect(harness.source.latency(window, 'canary', other)).toEqual([]);
    });

    it('refuses windows that it does not know: future, too young, not whole cells, before its time', async ({
      onTestFinished,
    }) => {
      const { known, errors, freshWindow } = await begin(onTestFinished);
      const window = await freshWindow(1000);
      const future = (Math.ceil(known() / cellMs) + 100) * cellMs;
      expect(errors({ fromMs: future, toMs: future + cellMs }, 'canary').status).toBe('error');
      const young = Math.floor(known() / cellMs) * cellMs;
      expect(errors({ fromMs: young - cellMs, toMs: young }, 'canary').status).toBe('error');
      expect(errors({ fromMs: window.fromMs + 1, toMs: window.toMs + 1 }, 'canary').status).toBe('error');
      expect(errors({ fromMs: window.fromMs, toMs: window.fromMs }, 'canary').status).toBe('error');
      expect(errors({ fromMs: window.fromMs - 3_600_000, toMs: window.fromMs - 3_599_000 }, 'canary').status).toBe(
        'error',
      );
      expect(errors(window, 'canary', 1234).status).toBe('error');
    });

    it('says error and grows silent while it cannot measure, and comes back by itself', async ({ onTestFinished }) => {
      const { harness, errors, freshWindow } = await begin(onTestFinished);
      const before = await freshWindow(1000);
      await harness.break();
      // Long enough that not even an answer under way at the break hides it.
      await until(() => harness.source.silentForMs() > 1500);
      const lostMs = (Math.floor(before.toMs / cellMs) + 12) * cellMs;
      const during = errors({ fromMs: lostMs, toMs: lostMs + cellMs }, 'canary');
      expect(during.status).toBe('error');
      expect(measured(errors(before, 'canary')).failures).toBe(0);
      await harness.repair();
      await until(() => harness.source.silentForMs() < 500);
      await until(() => errorsNow(harness).status === 'measured');
    });

    it('ends with its signal', async ({ onTestFinished }) => {
      const { harness, known, freshWindow, ending } = await begin(onTestFinished);
      await freshWindow(1000);
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

function observe(harness: MetricSourceHarness) {
  const known = (): number => harness.source.knownUntilMs() ?? Number.NEGATIVE_INFINITY;
  return {
    harness,
    ending: new AbortController(),
    known,
    errors: (window: Window, arm: Arm, ageMs = 1000): Measurement =>
      harness.source.measure({ kind: 'errors', ageMs, stratum: harness.stratum }, window, arm),
    /** A window of whole cells that begins after this instant of the producer, as soon as it can be judged at that age. */
    freshWindow: async (ageMs: number, lengthMs = 500): Promise<Window> => {
      await until(() => harness.source.knownUntilMs() !== null);
      const fromMs = (Math.ceil(known() / cellMs) + 2) * cellMs;
      const window = { fromMs, toMs: fromMs + lengthMs };
      await until(() => known() >= window.toMs + ageMs);
      return window;
    },
  };
}

function errorsNow(harness: MetricSourceHarness): Measurement {
  const toMs = Math.floor(((harness.source.knownUntilMs() ?? 0) - 1000) / cellMs) * cellMs;
  return harness.source.measure(
    { kind: 'errors', ageMs: 1000, stratum: harness.stratum },
    { fromMs: toMs - cellMs, toMs },
    'canary',
  );
}

function measured(measurement: Measurement): Extract<Measurement, { status: 'measured' }> {
  if (measurement.status !== 'measured') throw new Error(`${measurement.status}: ${measurement.reason}`);
  expect(measurement.value).toBe(measurement.failures / measurement.samples);
  expect(measurement.samples).toBeGreaterThan(0);
  return measurement;
}

async function until(done: () => boolean, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('did not come about in time');
    await pause(20);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
