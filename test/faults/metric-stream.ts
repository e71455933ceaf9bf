import { createJudge, type Judge } from '../../src/analysis/judge.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Decision } from '../../src/model/verdict.ts';
import { decide } from '../../src/rollout/decide.ts';
import { createWindowReader } from '../../src/rollout/window-reader.ts';
import { simulatedPlan, judge as usualLimits } from '../fixtures/simulated-run.ts';
import { createWorld } from '../fixtures/simulated-world.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';
import type { Heard, Rules } from './reference-decision.ts';
import { StreamSource, streamKinds, windowMs } from './stream-source.ts';

/** One stream of windows, played into the real reader, judge and decision, second by second. */
export type MetricStream = {
  rules: Rules;
  /** What it is made of, for a message. */
  story: string;
  /** Null when it is over. */
  tick(): { decision: Decision; heard: Heard; elapsedMs: number } | null;
  /** Counts that cannot be, and counts of a second that is over, ten times as many; false when the first were taken. */
  offerNonsense(): boolean;
};

const startMs = 1_700_000_000_000;
const limits = { ...usualLimits, sourceGraceMs: 5000 };
const plan = simulatedPlan();
const { ports: world } = createWorld(createVirtualClock(), plan);

export function createMetricStream(random: () => number): MetricStream {
  const some = (most: number): number => Math.floor(random() * most);
  const onInconclusive = (['hold', 'ask', 'promote'] as const)[some(3)] ?? 'hold';
  const minMs = 3000 + some(18) * 1000;
  const rules = { graceMs: limits.sourceGraceMs, minMs, maxMs: minMs + (4 + some(16)) * 1000, onInconclusive };
  const segments = Array.from({ length: 1 + some(4) }, () => ({
    kind: streamKinds[some(streamKinds.length)] ?? 'empty',
    length: 2 + some(14),
    perSecond: [2, 30, 400][some(3)] ?? 2,
  }));
  const seconds = segments.flatMap(({ kind, length, perSecond }) =>
    Array.from({ length }, () => ({ kind, perSecond })),
  );
  const settings = { ...limits, onInconclusive };
  const source = new StreamSource(startMs);
  const judge = createJudge(settings, { bakes: 1 });
  const ports = { ...world, metrics: source, clock: { ...world.clock, now: () => source.nowMs } };
  const reader = createWindowReader(ports, { ...plan, content: { ...plan.content, judge: settings } }, judge);
  reader.setWeight(25);
  reader.beginBake('bake');
  return {
    rules,
    story: `${JSON.stringify(rules)}: ${segments.map(({ kind, length, perSecond }) => `${length} × ${kind} at ${perSecond}`).join(', ')}`,
    tick: () => {
      const next = seconds.shift();
      if (next === undefined) return null;
      source.take(next, random);
      reader.read();
      const elapsedMs = source.nowMs - startMs;
      const decision = decide({
        settings,
        verdicts: judge.assess(source.nowMs),
        baselineBreaches: judge.baselineBreaches(),
        firedRules: [],
        bake: { elapsedMs, minMs: rules.minMs, maxMs: rules.maxMs },
        source: { kind: source.kind, silentMs: source.silentForMs(), problem: null },
        ...{ foreign: null, smokePassed: 1, paused: null, accepted: new Set<string>() },
        ...{ harmAcceptedBy: null, promotedBy: null },
      });
      return { decision, heard: source.heard(), elapsedMs };
    },
    offerNonsense: () => offerNonsense(judge, source),
  };
}

function offerNonsense(judge: Judge, { nowMs, heard }: StreamSource): boolean {
  const nothing = { failures: 0, open: 0, failedUnits: null, newUnits: null };
  const window = { fromMs: nowMs - windowMs, toMs: nowMs, settled: true, concurrent: true, latency: null };
  const counts = (requests: number) => ({
    ...window,
    canary: { ...nothing, requests },
    baseline: { ...nothing, requests },
  });
  const isRefused = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY].every((requests) => {
    try {
      judge.observe(counts(requests));
      return false;
    } catch (thrown) {
      return thrown instanceof DeployError;
    }
  });
  const { seenUntilMs } = judge.snapshot();
  // A second that was told to its end is told again, with other counts.
  if (seenUntilMs !== null && heard().settled)
    judge.observe({ ...counts(5000), fromMs: seenUntilMs - windowMs, toMs: seenUntilMs });
  return isRefused;
}
