import type { CountsPoint, RunRecord } from '../model/run-record.ts';
import type { Verdict } from '../model/verdict.ts';
import { type Palette, renderBar, truncate, wrap } from './terminal-text.ts';

/** Points of one second each: rates are of the last ten, error ratios of the last minute. */
const ratePoints = 10;
const errorPoints = 60;

/** A table of both arms: requests per second, failed share, p99. What was not measured says so. Pure. */
export function rateLines(record: RunRecord, width: number, paint: Palette): string[] {
  if (record.counts.length === 0) return [paint(`  ${'requests'.padEnd(12)} none measured yet`, 'dim')];
  const head = `  ${''.padEnd(12)} ${'req/s'.padStart(8)}  ${'failed, last 60 s'.padEnd(22)} ${'p99'.padStart(8)}`;
  return [
    paint(truncate(head, width), 'dim'),
    truncate(armLine('canary', record.counts, 'canary'), width),
    truncate(armLine('baseline', record.counts, 'baseline'), width),
  ];
}

function armLine(label: string, points: CountsPoint[], arm: 'canary' | 'baseline'): string {
  const recent = points.slice(-ratePoints);
  const seconds = recent.reduce((sum, point) => sum + (point.toMs - point.fromMs), 0) / 1000;
  const perSecond = seconds > 0 ? sumOf(recent, arm).requests / seconds : 0;
  const last = points.at(-1);
  const p99 = arm === 'canary' ? last?.p99CanaryMs : last?.p99BaselineMs;
  return `  ${label.padEnd(12)} ${perSecond.toFixed(1).padStart(8)}  ${failedShare(sumOf(points.slice(-errorPoints), arm)).padEnd(22)} ${p99 == null ? '–'.padStart(8) : `${p99.toFixed(0)} ms`.padStart(8)}`;
}

function sumOf(points: CountsPoint[], arm: 'canary' | 'baseline'): { requests: number; failures: number } {
  return points.reduce(
    (sum, point) => ({ requests: sum.requests + point[arm].requests, failures: sum.failures + point[arm].failures }),
    { requests: 0, failures: 0 },
  );
}

function failedShare({ requests, failures }: { requests: number; failures: number }): string {
  if (requests === 0) return 'no data';
  return `${((failures / requests) * 100).toFixed(2)} % (${failures}/${requests})`;
}

/** For each metric the evidence for harm and for safety against its limit, and the verdict's own sentence. Pure. */
export function evidenceLines(record: RunRecord, width: number, paint: Palette): string[] {
  return record.verdicts.flatMap((verdict) => {
    const mark = verdict.outcome === 'pass' ? '✓' : verdict.outcome === 'fail' ? '✗' : '·';
    const color = verdict.outcome === 'pass' ? 'green' : verdict.outcome === 'fail' ? 'red' : 'yellow';
    const sentence = wrap(`${mark} ${verdict.metric}: ${verdict.sentence}`, width - 2, 3);
    return [...bars(verdict, width, paint), ...sentence.map((line) => paint(`  ${line}`, color))];
  });
}

function bars(verdict: Verdict, width: number, paint: Palette): string[] {
  const barWidth = Math.min(40, width - 40);
  const line = (label: string, evidence: number, limit: number): string =>
    `  ${label.padEnd(12)} ${renderBar(limit > 0 ? evidence / limit : 0, barWidth)}| ${renderOdds(evidence)} of ${renderOdds(limit)}`;
  return [
    paint(
      truncate(line('harm', verdict.lnHarm, verdict.lnHarmLimit), width),
      verdict.lnHarm >= verdict.lnHarmLimit ? 'red' : 'dim',
    ),
    paint(
      truncate(line('safety', verdict.lnSafe, verdict.lnSafeLimit), width),
      verdict.lnSafe >= verdict.lnSafeLimit ? 'green' : 'dim',
    ),
  ];
}

/** Natural log of evidence as odds: `240:1`, `1:20`, `10^8:1`. Pure. */
export function renderOdds(ln: number): string {
  if (!Number.isFinite(ln)) return ln > 0 ? '∞:1' : '1:∞';
  const size = Math.abs(ln);
  const odds = Math.exp(size);
  const text =
    size > Math.log(99_999)
      ? `10^${(size / Math.LN10).toFixed(0)}`
      : odds < 9.95
        ? String(Number(odds.toFixed(1)))
        : odds.toFixed(0);
  return ln < 0 ? `1:${text}` : `${text}:1`;
}
