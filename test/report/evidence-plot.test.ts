import { describe, expect, it } from 'vitest';
import type { Replay } from '../../src/analysis/replay.ts';
import { renderAnalysisPage } from '../../src/report/analysis-page.ts';
import { renderEvidenceChart, renderOdds } from '../../src/report/evidence-chart.ts';
import { renderEvidencePlot, renderRatePlot } from '../../src/report/evidence-plot.ts';
import { largestOf, lastOf, sampleCurve } from '../../src/report/sample-curve.ts';
import { spanTicks, timeLabel } from '../../src/report/time-ticks.ts';

const seconds = Array.from({ length: 20 }, (_, index) => (index + 1) * 1000);
const curve = {
  metric: 'errorRate',
  lnHarm: seconds.map((_, index) => (index / 19) * Math.log(150)),
  lnHarmLimit: Math.log(100),
  lnSafe: seconds.map((_, index) => -index),
  lnSafeLimit: Math.log(20),
};
const verdict = {
  metric: 'errorRate',
  outcome: 'fail',
  cause: 'decided',
  lnHarm: Math.log(150),
  lnHarmLimit: Math.log(100),
  lnSafe: -19,
  lnSafeLimit: Math.log(20),
  canary: { requests: 200, failures: 40 },
  baseline: { requests: 1800, failures: 2 },
  difference: [0.1, 0.3],
  moreRequests: null,
  moreMs: null,
  sentence: 'canary 20 % <b>, baseline 0.1 % → roll back',
} satisfies Replay['verdict'];
const replay: Replay = {
  outcome: 'fail',
  atMs: 20_000,
  safeAtMs: null,
  verdict,
  verdicts: [verdict],
  startMs: 0,
  endMs: 20_000,
  timesMs: seconds,
  canary: seconds.map((_, index) => ({ requests: (index + 1) * 10, failures: (index + 1) * 2 })),
  baseline: seconds.map((_, index) => ({ requests: (index + 1) * 90, failures: index > 10 ? 2 : 0 })),
  curves: [curve],
};

function pointsOf(svg: string, name: string): number[][] {
  const points = new RegExp(`<polyline class="curve ${name}" points="([^"]+)"`).exec(svg)?.[1] ?? '';
  return points.split(' ').map((point) => point.split(',').map(Number));
}

describe('sampleCurve', () => {
  it('takes the chosen value of each span, the one before where a span is empty, null before the first', () => {
    const request = { timesMs: [40, 50, 90], values: [1, 5, 2], startMs: 0, endMs: 100 };
    expect(sampleCurve(request, 5, lastOf)).toEqual([null, 1, 5, 5, 2]);
    expect(sampleCurve(request, 2, largestOf)).toEqual([5, 2]);
    expect(sampleCurve({ ...request, timesMs: [], values: [] }, 2, lastOf)).toEqual([null, null]);
  });
});

describe('ticks', () => {
  it('are round times', () => {
    expect(spanTicks(38_000, 5)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(spanTicks(120_000, 5)).toEqual([0, 30_000, 60_000, 90_000, 120_000]);
    expect(spanTicks(0, 5)).toEqual([0]);
    expect([0, 250, 90_000].map(timeLabel)).toEqual(['0s', '250ms', '1m 30s']);
    expect([Math.log(100), Math.log(1.5), 0, -Math.log(10)].map(renderOdds)).toEqual(['100:1', '1.5:1', '1:1', '1:10']);
  });
});

describe('the evidence as text', () => {
  it('rises to its limit', () => {
    const lines = renderEvidenceChart({ curve, timesMs: seconds, startMs: 0, endMs: 20_000 }).split('\n');
    expect(lines).toHaveLength(14);
    const limit = lines.findIndex((line) => line.includes('● here: roll back'));
    expect(lines[limit]).toMatch(/^ {3}100:1 ┤─+●*─* ● here: roll back$/);
    const lastHarm = lines.findIndex((line) => line[9 + 60] === '●');
    expect(lastHarm).toBeLessThanOrEqual(limit);
    expect(lines.at(-1)).toMatch(/^ {10}0s +20s$/);
  });

  it('stays within its frame for endless, empty and single evidence', () => {
    for (const lnHarm of [[1e6], [-1e6], []]) {
      const odd = { ...curve, lnHarm, lnSafe: lnHarm };
      const chart = renderEvidenceChart({ curve: odd, timesMs: lnHarm.map(() => 1000), startMs: 0, endMs: 1000 });
      expect(chart.split('\n')).toHaveLength(14);
      for (const line of chart.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    }
  });
});

describe('the evidence as a plot', () => {
  const evidence = renderEvidencePlot(replay, curve);

  it('has a curve that ends above the limit line, and the decision at its end', () => {
    const harm = pointsOf(evidence, 'harm');
    const limitY = Number(/class="limit harm"[^>]* y1="([\d.]+)"/.exec(evidence)?.[1]);
    expect(harm.at(-1)?.[1]).toBeLessThan(limitY);
    expect(harm[0]?.[1]).toBeGreaterThan(limitY);
    const decisionX = Number(/class="decision" x1="([\d.]+)"/.exec(evidence)?.[1]);
    expect(decisionX).toBeCloseTo(harm.at(-1)?.[0] ?? 0, 1);
    for (const [x = -1, y = -1] of [...harm, ...pointsOf(evidence, 'safe')]) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(480);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(250);
    }
  });

  it('is told to those who do not see it', () => {
    expect(evidence).toMatch(/role="img" aria-labelledby="evidence-title evidence-desc"/);
    expect(evidence).toContain('<title id="evidence-title">Evidence on errorRate over time</title>');
    expect(evidence).toMatch(
      /<desc id="evidence-desc">.*ends at 150:1, the limit for rolling back is 100:1.*roll back\.<\/desc>/,
    );
    expect(renderRatePlot(replay)).toContain('Canary: 40 of 200 requests failed; baseline: 2 of 1800 requests failed.');
  });

  it('has bands for both rates, and no number that is none', () => {
    const rates = renderRatePlot(replay);
    expect(rates.match(/class="band (canary|baseline)"/g)).toHaveLength(2);
    const single = {
      ...replay,
      timesMs: [1000],
      canary: [{ requests: 0, failures: 0 }],
      baseline: [{ requests: 3, failures: 1 }],
    };
    for (const svg of [rates, evidence, renderRatePlot(single)]) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('is part of a page in which nothing of the data is markup', () => {
    const page = renderAnalysisPage({
      source: '<script>alert(1)</script>.csv',
      replay,
      errorMargin: 0.02,
      alphaRollback: 0.01,
      alphaPromote: 0.05,
      windowMs: 1000,
      pooled: false,
      p99Ms: { canary: null, baseline: null },
      notes: [],
      peers: [],
    });
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<b>');
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('prefers-color-scheme:dark');
  });
});
