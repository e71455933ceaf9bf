import { describe, expect, it } from 'vitest';
import { createJudge, judgeSnapshotSchema, restoreJudge } from '../../src/analysis/judge.ts';
import { verdictSchema } from '../../src/model/verdict.ts';
import { createTraffic, feedSecond, secondsUntil, settings, settledSecond, type Traffic } from './judge-fixture.ts';

const healthy: Traffic = { perSecond: 100, canaryShare: 0.05, baselineRatio: 0.001, canaryRatio: 0.001 };
const errorRateOf = (verdicts: ReturnType<ReturnType<typeof createJudge>['assess']>) => {
  const first = verdicts[0];
  if (first?.metric !== 'errorRate') throw new Error('the error rate comes first');
  return first;
};

describe('no data', () => {
  it('is never a pass', () => {
    const judge = createJudge(settings, { bakes: 1 });
    expect(errorRateOf(judge.assess(0))).toMatchObject({ outcome: 'inconclusive', cause: 'no_data' });
    judge.beginBake('bake', 0, 5);
    for (let second = 0; second < 600; second++) {
      feedSecond(judge, second, {
        baseline: { requests: 100, failures: 0 },
        canary: { requests: 0, failures: 0 },
        late: 0,
      });
    }
    const verdict = errorRateOf(judge.assess(600_000));
    expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'no_data', moreRequests: null, difference: null });
    expect(verdict.sentence).toBe('no canary request seen yet at this step → no verdict');
  });

  it('turns a pass back into no verdict when the source has fallen silent', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const took =
      secondsUntil(judge, { draw: createTraffic(1), traffic: healthy, from: 0, limit: 300, outcome: 'pass' }) ?? 0;
    expect(errorRateOf(judge.assess(took * 1000 + 60_000)).outcome).toBe('pass');
    expect(errorRateOf(judge.assess(took * 1000 + 120_001))).toMatchObject({
      outcome: 'inconclusive',
      cause: 'no_data',
    });
  });

  it('passes nothing outside a bake, nor from windows that arrived before it', () => {
    const judge = createJudge(settings, { bakes: 1 });
    expect(
      secondsUntil(judge, { draw: createTraffic(1), traffic: healthy, from: 0, limit: 200, outcome: 'pass' }),
    ).toBeNull();
    judge.beginBake('bake', 400_000, 5);
    expect(
      secondsUntil(judge, { draw: createTraffic(2), traffic: healthy, from: 200, limit: 200, outcome: 'pass' }),
    ).toBeNull();
    expect(
      secondsUntil(judge, { draw: createTraffic(3), traffic: healthy, from: 400, limit: 200, outcome: 'pass' }),
    ).not.toBeNull();
  });

  it('is not certified by windows that were lost while requests in them were open', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(33);
    for (let second = 0; second < 200; second++) {
      const window = settledSecond(second, draw(healthy));
      judge.observe({ ...window, canary: { ...window.canary, open: window.canary.requests - window.canary.failures } });
    }
    expect(errorRateOf(judge.assess(200_000)).outcome).toBe('inconclusive');
  });

  it('is not certified by windows in which requests are still open', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(4);
    for (let second = 0; second < 200; second++) {
      const window = settledSecond(second, draw(healthy));
      const open = Math.min(1, window.canary.requests - window.canary.failures);
      judge.observe({ ...window, settled: open === 0, canary: { ...window.canary, open } });
    }
    expect(errorRateOf(judge.assess(200_000)).outcome).toBe('inconclusive');
  });

  it('refuses counts that cannot be', () => {
    const judge = createJudge(settings, { bakes: 1 });
    const window = settledSecond(0, { baseline: { requests: 1, failures: 0 }, canary: { requests: 1, failures: 0 } });
    for (const canary of [
      { requests: 1, failures: 2 },
      { requests: Number.NaN, failures: 0 },
      { requests: 5, failures: -1 },
      { requests: 5, failures: 1, failedUnits: 2 },
      { requests: 5, failures: 1, failedUnits: Number.NaN },
    ]) {
      expect(() => judge.observe({ ...window, canary: { ...window.canary, ...canary } })).toThrow(/cannot be judged/);
    }
    expect(() => judge.addSlo({ ...window, name: 'latencyP99' })).toThrow(/no objective/);
  });
});

describe('harm', () => {
  it('is found in seconds when half of the requests fail, and said plainly', () => {
    const judge = createJudge(settings, { bakes: 4 });
    judge.beginBake('bake', 0, 5);
    const took = secondsUntil(judge, {
      draw: createTraffic(5),
      traffic: { ...healthy, canaryRatio: 0.5 },
      from: 0,
      limit: 30,
      outcome: 'fail',
    });
    expect(took).toBeLessThanOrEqual(6);
    const verdict = errorRateOf(judge.assess((took ?? 0) * 1000));
    expect(verdictSchema.parse(verdict)).toEqual(verdict);
    expect(verdict.lnHarm).toBeGreaterThanOrEqual(verdict.lnHarmLimit);
    expect(verdict.sentence).toMatch(
      /^canary [\d.]+ % \[[\d.]+, [\d.]+\], baseline [\d.]+ % \[0, [\d.]+\], limit \+2 points, evidence \d+:1 → roll back$/,
    );
  });

  it('of late onset is found soon after a healthy half hour', () => {
    const judge = createJudge(settings, { bakes: 4 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(6);
    expect(secondsUntil(judge, { draw, traffic: healthy, from: 0, limit: 1800, outcome: 'fail' })).toBeNull();
    expect(errorRateOf(judge.assess(1_800_000)).outcome).toBe('pass');
    const took = secondsUntil(judge, {
      draw,
      traffic: { ...healthy, canaryRatio: 0.5 },
      from: 1800,
      limit: 60,
      outcome: 'fail',
    });
    expect(took).toBeLessThanOrEqual(12);
    // What is shown is the whole half hour, in which it hardly failed.
    expect(errorRateOf(judge.assess(1_800_000 + (took ?? 0) * 1000)).sentence).toMatch(
      /→ it failed of late, though not over the whole watch: roll back$/,
    );
  });

  it('takes a certificate away when failures set in', () => {
    const judge = createJudge(settings, { bakes: 4 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(7);
    for (let second = 0; second < 900; second++) feedSecond(judge, second, draw(healthy));
    expect(errorRateOf(judge.assess(900_000)).outcome).toBe('pass');
    for (let second = 900; second < 960; second++) feedSecond(judge, second, draw({ ...healthy, canaryRatio: 0.06 }));
    expect(errorRateOf(judge.assess(960_000)).outcome).not.toBe('pass');
  });

  it('is found before the requests that are open have ended, and never with more evidence than there will be', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const failing = { requests: 10, failures: 6, open: 2, failedUnits: 6, newUnits: null };
    const slow = { requests: 40, failures: 0, open: 3, failedUnits: 0, newUnits: null };
    const windows = [0, 1, 2, 3].map((second) => ({
      ...settledSecond(second, { canary: failing, baseline: slow }),
      settled: false,
      canary: failing,
      baseline: slow,
    }));
    for (const window of windows) judge.observe(window);
    const peeked = errorRateOf(judge.assess(4000));
    expect(peeked.outcome).toBe('fail');
    for (const window of windows)
      judge.observe({ ...window, settled: true, canary: { ...failing, open: 0 }, baseline: { ...slow, open: 0 } });
    expect(errorRateOf(judge.assess(4000)).lnHarm).toBeGreaterThan(peeked.lnHarm);
  });

  it('is not seen in a burst of one client, and is in as many failures of many', () => {
    const outcomeOf = (failedUnits: number): string => {
      const judge = createJudge(settings, { bakes: 1 });
      judge.beginBake('bake', 0, 5);
      const window = settledSecond(0, {
        canary: { requests: 40, failures: 20 },
        baseline: { requests: 400, failures: 0 },
      });
      judge.observe({ ...window, canary: { ...window.canary, failedUnits } });
      return errorRateOf(judge.assess(1000)).outcome;
    };
    expect(outcomeOf(1)).toBe('inconclusive');
    expect(outcomeOf(20)).toBe('fail');
  });

  it('is seen in failures of many while one user fails all the time on the other side', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(31);
    let took: number | null = null;
    for (let second = 0; second < 60 && took === null; second++) {
      const drawn = draw({ ...healthy, canaryRatio: 0.5 });
      const window = settledSecond(second, drawn);
      // Twenty a second of one user: one unit in a minute.
      const storm = { requests: window.baseline.requests + 20, failures: window.baseline.failures + 20 };
      const failedUnits = window.baseline.failures + (second === 0 ? 1 : 0);
      judge.observe({ ...window, baseline: { ...window.baseline, ...storm, failedUnits } });
      if (errorRateOf(judge.assess(second * 1000 + 1000)).outcome === 'fail') took = second + 1;
    }
    expect(took).toBeLessThanOrEqual(6);
  });

  it('is proven at the limit that its share of the chance of error leaves', () => {
    const half = { ...settings, errorRateShare: 0.5 };
    expect(errorRateOf(createJudge(half, { bakes: 1 }).assess(0)).lnHarmLimit).toBeCloseTo(Math.log(200), 9);
  });

  it('takes three seconds where clients cannot be told apart, and one burst is not enough', () => {
    const judge = createJudge({ ...settings, overdispersion: null }, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const counts = { requests: 50, failures: 50, open: 0, failedUnits: null, newUnits: null };
    const outcomes: string[] = [];
    for (let second = 0; second < 4; second++) {
      const window = settledSecond(second, { canary: counts, baseline: { requests: 900, failures: 0 } });
      judge.observe({ ...window, canary: counts, baseline: { ...window.baseline, failedUnits: null } });
      outcomes.push(errorRateOf(judge.assess(second * 1000 + 1000)).outcome);
    }
    expect(outcomes).toEqual(['inconclusive', 'inconclusive', 'fail', 'fail']);
  });

  it('is seen at one request per second too, where most windows have requests of one arm only', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const traffic = { perSecond: 1, canaryShare: 0.25, baselineRatio: 0, canaryRatio: 0.5 };
    expect(
      secondsUntil(judge, { draw: createTraffic(21), traffic, from: 0, limit: 300, outcome: 'fail' }),
    ).not.toBeNull();
  });

  it('that shows only at the time-out is found, and never passes on its quick answers', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const traffic = { ...healthy, canaryLateRatio: 0.1 };
    const draw = createTraffic(8);
    let outcome = 'inconclusive';
    for (let second = 0; second < 300 && outcome === 'inconclusive'; second++) {
      feedSecond(judge, second, draw(traffic));
      outcome = errorRateOf(judge.assess(second * 1000 + 1000)).outcome;
    }
    expect(outcome).toBe('fail');
  });

  it('is not seen in an outage that both arms share', () => {
    const judge = createJudge(settings, { bakes: 4 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(9);
    expect(secondsUntil(judge, { draw, traffic: healthy, from: 0, limit: 120, outcome: 'fail' })).toBeNull();
    const outage = { ...healthy, baselineRatio: 0.5, canaryRatio: 0.5 };
    expect(secondsUntil(judge, { draw, traffic: outage, from: 120, limit: 120, outcome: 'fail' })).toBeNull();
  });
});

describe('safety', () => {
  it('is proven anew at each step, in about the time that theory needs', () => {
    const judge = createJudge(settings, { bakes: 4 });
    const draw = createTraffic(10);
    let from = 0;
    for (const canaryShare of [0.05, 0.25, 0.5]) {
      judge.beginBake(`bake-${canaryShare}`, from * 1000, canaryShare * 100);
      expect(errorRateOf(judge.assess(from * 1000)).outcome).toBe('inconclusive');
      const took = secondsUntil(judge, {
        draw,
        traffic: { ...healthy, canaryShare },
        from,
        limit: 300,
        outcome: 'pass',
      });
      expect((took ?? Number.POSITIVE_INFINITY) * 100 * canaryShare).toBeLessThan(700);
      from += took ?? 0;
    }
    expect(errorRateOf(judge.assess(from * 1000)).sentence).toMatch(/→ safe \(\d+:1, 80:1 needed\)$/);
  });

  it('says how much more it needs, at this traffic', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(11);
    for (let second = 0; second < 10; second++) feedSecond(judge, second, draw(healthy));
    const verdict = errorRateOf(judge.assess(10_000));
    expect(verdict).toMatchObject({ outcome: 'inconclusive', cause: 'more_data_needed' });
    expect(verdict.moreRequests).toBeGreaterThan(80);
    expect(verdict.moreRequests).toBeLessThan(500);
    expect((verdict.moreMs ?? 0) / (verdict.moreRequests ?? 1)).toBeGreaterThan(100);
    expect((verdict.moreMs ?? 0) / (verdict.moreRequests ?? 1)).toBeLessThan(400);
    expect(verdict.sentence).toMatch(/no verdict yet: about \d+ more canary requests, about .+ at this traffic$/);
  });
});

describe('without a concurrent baseline', () => {
  const alone: Traffic = { ...healthy, canaryShare: 1 };

  it('a first deploy is held against the margin itself', () => {
    const plan = { bakes: 1, hasConcurrentBaseline: false };
    const good = createJudge(settings, plan);
    good.beginBake('bake', 0, 5);
    expect(
      secondsUntil(good, { draw: createTraffic(12), traffic: alone, from: 0, limit: 60, outcome: 'pass' }),
    ).toBeLessThan(10);
    expect(errorRateOf(good.assess(10_000)).sentence).toContain(
      'no baseline to compare with, so held against 2 % itself',
    );
    const bad = createJudge(settings, plan);
    bad.beginBake('bake', 0, 5);
    expect(
      secondsUntil(bad, {
        draw: createTraffic(13),
        traffic: { ...alone, canaryRatio: 0.08 },
        from: 0,
        limit: 60,
        outcome: 'fail',
      }),
    ).toBeLessThan(10);
  });

  it('the last step of a canary is held against what the baseline was', () => {
    const draw = createTraffic(14);
    const before: Traffic = { ...healthy, canaryShare: 0.5, baselineRatio: 0.05, canaryRatio: 0.05 };
    const start = () => {
      const judge = createJudge(settings, { bakes: 4 });
      judge.beginBake('bake-50', 0, 50);
      for (let second = 0; second < 300; second++) feedSecond(judge, second, draw(before));
      judge.beginBake('bake-100', 300_000, 100);
      return judge;
    };
    const good = start();
    const passed = secondsUntil(good, {
      draw,
      traffic: { ...alone, canaryRatio: 0.05 },
      from: 300,
      limit: 300,
      outcome: 'pass',
    });
    expect(passed).not.toBeNull();
    const verdict = errorRateOf(good.assess((300 + (passed ?? 0)) * 1000));
    expect(verdict.sentence).toContain('(seen earlier, not concurrent)');
    expect(verdict.baseline.requests).toBeGreaterThan(10_000);
    const bad = start();
    expect(
      secondsUntil(bad, { draw, traffic: { ...alone, canaryRatio: 0.15 }, from: 300, limit: 60, outcome: 'fail' }),
    ).toBeLessThan(20);
  });

  it('history from before the run counts as the reference', () => {
    const judge = createJudge(settings, {
      bakes: 1,
      hasConcurrentBaseline: false,
      prior: { requests: 20_000, failures: 1600 },
    });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(15);
    expect(
      secondsUntil(judge, { draw, traffic: { ...alone, canaryRatio: 0.08 }, from: 0, limit: 120, outcome: 'fail' }),
    ).toBeNull();
    expect(
      secondsUntil(judge, { draw, traffic: { ...alone, canaryRatio: 0.2 }, from: 120, limit: 60, outcome: 'fail' }),
    ).toBeLessThan(30);
  });

  it('a few windows in which the baseline happened to be idle do not count as such', () => {
    const judge = createJudge(settings, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    // Both arms fail at 30 %; every second window has no baseline request.
    const draw = createTraffic(16);
    for (let second = 0; second < 200; second++) {
      const canaryShare = second % 2 === 0 ? 1 : 0.5;
      feedSecond(judge, second, draw({ perSecond: 4, canaryShare, baselineRatio: 0.3, canaryRatio: 0.3 }));
      expect(errorRateOf(judge.assess(second * 1000 + 1000)).outcome).not.toBe('fail');
    }
  });
});

describe('objectives', () => {
  const withSlo = { ...settings, slos: [{ name: 'latencyP99' as const, badRatio: 0.01, aboveMs: 500 }] };
  const feed = (ratios: { canary: number; baseline: number }) => {
    const judge = createJudge(withSlo, { bakes: 1 });
    judge.beginBake('bake', 0, 5);
    const draw = createTraffic(17);
    for (let second = 0; second < 120; second++) {
      const drawn = draw({
        perSecond: 100,
        canaryShare: 0.2,
        baselineRatio: ratios.baseline,
        canaryRatio: ratios.canary,
      });
      judge.addSlo({
        name: 'latencyP99',
        fromMs: second * 1000,
        toMs: second * 1000 + 1000,
        canary: drawn.canary,
        baseline: drawn.baseline,
      });
    }
    return judge;
  };

  it('are breached by the canary alone', () => {
    const judge = feed({ canary: 0.06, baseline: 0.002 });
    const verdict = judge.assess(120_000)[1];
    expect(verdict).toMatchObject({ metric: 'slo:latencyP99', outcome: 'fail' });
    expect(verdict?.sentence).toMatch(
      /^p99 \(requests slower than 500ms\): canary .*allowed 1 %, evidence .* → breach, the baseline does not$/,
    );
    expect(judge.baselineBreaches()).toEqual(new Set());
  });

  it('name a baseline that breaches too', () => {
    const judge = feed({ canary: 0.06, baseline: 0.06 });
    expect(judge.assess(120_000)[1]?.sentence).toContain('and the baseline breaches it too');
    expect(judge.baselineBreaches()).toEqual(new Set(['slo:latencyP99']));
  });

  it('are met, or say what is missing', () => {
    expect(feed({ canary: 0, baseline: 0 }).assess(120_000)[1]?.outcome).toBe('pass');
    expect(createJudge(withSlo, { bakes: 1 }).assess(0)[1]).toMatchObject({
      outcome: 'inconclusive',
      cause: 'no_data',
    });
  });
});

describe('a snapshot', () => {
  it('through JSON goes on exactly like the judge it was taken from', () => {
    const withSlos = { ...settings, slos: [{ name: 'errorRate' as const, badRatio: 0.01, aboveMs: null }] };
    const whole = createJudge(withSlos, { bakes: 2, prior: { requests: 500, failures: 1 } });
    let resumed = createJudge(withSlos, { bakes: 2, prior: { requests: 500, failures: 1 } });
    const draw = createTraffic(18);
    for (let second = 0; second < 120; second++) {
      const drawn = draw({ ...healthy, canaryRatio: 0.02 });
      for (const judge of [whole, resumed]) {
        if (second === 3 || second === 60) judge.beginBake(`bake-${second}`, second * 1000 + 250, 5);
        feedSecond(judge, second, drawn);
        judge.addSlo({
          name: 'errorRate',
          fromMs: second * 1000,
          toMs: second * 1000 + 1000,
          canary: drawn.canary,
          baseline: drawn.baseline,
        });
      }
      if (second % 7 === 0) {
        resumed = restoreJudge(withSlos, judgeSnapshotSchema.parse(JSON.parse(JSON.stringify(resumed.snapshot()))));
        // What was already taken in is not counted twice.
        feedSecond(resumed, second, drawn);
      }
      expect(resumed.assess(second * 1000 + 1000)).toEqual(whole.assess(second * 1000 + 1000));
    }
    expect(resumed.snapshot().settledUntilMs).toBe(120_000);
    expect(JSON.stringify(whole.snapshot()).length).toBeLessThan(6000);
  });
});

describe('over whole runs', () => {
  it('identical versions are not told apart, and harm on the margin hardly ever', () => {
    let failed = 0;
    for (let run = 0; run < 120; run++) {
      const judge = createJudge(settings, { bakes: 4 });
      const draw = createTraffic(1000 + run);
      const canaryRatio = run % 2 === 0 ? 0.01 : 0.03;
      let second = 0;
      let harmed = false;
      for (const canaryShare of [0.05, 0.25, 0.5, 1]) {
        judge.beginBake(`bake-${canaryShare}`, second * 1000, canaryShare * 100);
        for (let step = 0; step < 60; step++, second++) {
          feedSecond(
            judge,
            second,
            draw({ perSecond: 50, canaryShare, baselineRatio: 0.01, canaryRatio }),
            canaryShare < 1,
          );
          harmed ||= errorRateOf(judge.assess(second * 1000 + 1000)).outcome === 'fail';
        }
      }
      if (harmed) failed += 1;
    }
    // α is 1 %: four or more of 120 would happen with a chance below 4 % even at the boundary throughout.
    expect(failed).toBeLessThanOrEqual(3);
  });

  it('no number is ever NaN or infinite', () => {
    const extremes = [0.0001, 0.02, 0.5];
    for (const errorMargin of extremes) {
      for (const ratio of [0, 0.5, 1]) {
        const judge = createJudge({ ...settings, errorMargin }, { bakes: 1 });
        judge.beginBake('bake', 0, 5);
        const draw = createTraffic(19);
        for (let second = 0; second < 40; second++) {
          feedSecond(
            judge,
            second,
            draw({ perSecond: 400, canaryShare: second < 20 ? 0.3 : 1, baselineRatio: ratio, canaryRatio: 1 - ratio }),
            second < 20,
          );
          const [verdict] = judge.assess(second * 1000 + 1000);
          const numbers = [
            verdict?.lnHarm,
            verdict?.lnSafe,
            verdict?.moreRequests ?? 0,
            verdict?.moreMs ?? 0,
            ...(verdict?.difference ?? []),
          ];
          expect(numbers.every((value) => Number.isFinite(value))).toBe(true);
          expect(verdict?.sentence).not.toMatch(/NaN|Infinity/);
        }
        expect(judgeSnapshotSchema.safeParse(JSON.parse(JSON.stringify(judge.snapshot()))).success).toBe(true);
      }
    }
  });
});
