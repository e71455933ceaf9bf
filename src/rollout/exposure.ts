import { addCounts } from '../analysis/add-counts.ts';
import type { ArmCounts } from '../model/verdict.ts';
import type { RolloutPorts } from './ports.ts';
import { type RunContext, tickMs } from './run-context.ts';

/** Waits until the last requests are counted, then writes down what users met on the candidate. */
export async function summariseExposure(context: RunContext): Promise<void> {
  const { clock } = context.ports;
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
  const cut = await readCut(context.ports);
  const latency = context.monitor.latencies();
  if (latency !== null) await context.append({ type: 'latency', data: latency });
  await context.append({
    type: 'exposure',
    data: {
      canary,
      baseline,
      failedByRelease: Math.max(0, Math.round(canary.failures - expected)),
      cut: Math.max(0, cut - context.cutBefore),
    },
  });
}

/** Requests that the target has cut so far; 0 when it does not say. */
async function readCut({ target }: RolloutPorts): Promise<number> {
  const state = await target.inspect(new AbortController().signal).catch(() => null);
  return state?.cut ?? 0;
}

function total(counts: readonly ArmCounts[]): ArmCounts {
  return counts.reduce(addCounts, { requests: 0, failures: 0 });
}
