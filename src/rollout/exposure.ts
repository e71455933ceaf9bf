import type { ArmCounts } from '../model/verdict.ts';
import { type RunContext, tickMs } from './run-context.ts';

/** Waits until the last requests are counted, then writes down what users met on the candidate. */
export async function summariseExposure(context: RunContext): Promise<void> {
  const { clock, target } = context.ports;
  const until = clock.now();
  // A dead metrics source must not keep the run from ending; the counts then stop where it died.
  while (context.monitor.countedUntilMs() < until && clock.now() < until + 4000) {
    await context.tick();
    await clock.sleep(tickMs);
  }
  const points = context
    .record()
    .counts.filter((point) => point.stratum === 'user' && (point.weightPercent > 0 || point.canary.requests > 0));
  const canary = total(points.map((point) => point.canary));
  const baseline = total(points.map((point) => point.baseline));
  const expected = baseline.requests === 0 ? 0 : (canary.requests * baseline.failures) / baseline.requests;
  const state = await target.inspect(new AbortController().signal).catch(() => null);
  await context.append({
    type: 'exposure',
    data: {
      canary,
      baseline,
      failedByRelease: Math.max(0, Math.round(canary.failures - expected)),
      cut: state?.cut ?? 0,
    },
  });
}

function total(counts: readonly ArmCounts[]): ArmCounts {
  return counts.reduce(
    (sum, one) => ({ requests: sum.requests + one.requests, failures: sum.failures + one.failures }),
    { requests: 0, failures: 0 },
  );
}
