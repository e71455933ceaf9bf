import type { RunRecord } from '../../model/run-record.ts';
import { formatDuration, formatRatio, formatTime, trim } from '../format.ts';
import { ratioOf } from '../report-measures.ts';
import type { ReportData } from '../report-schema.ts';
import { timeLabel } from '../time-ticks.ts';
import { type Citing, citeHtml } from './cite-html.ts';
import { dataTable } from './data-table.ts';
import { type Html, html, joinHtml, rawHtml } from './html.ts';
import { type RunCurves, runCurves, type Stretch } from './run-curves.ts';
import { renderRunPlot } from './run-plot.ts';

/** Phases as bars, then weights, rates, evidence and latency over time, and the same as a table. Pure. */
export function renderTimeline(record: RunRecord, data: ReportData, citing: Citing): Html {
  const curves = runCurves(record);
  const { errorMargin, stratum } = record.plan.content.judge;
  const plot = (width: number, id: string): Html => rawHtml(renderRunPlot(curves, { width, id, errorMargin }));
  return html`<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
${phases(data.timeline, curves, citing)}
<figure>
<div class="narrow">${plot(400, 'run-narrow')}</div>
<div class="wide">${plot(860, 'run-wide')}</div>
<figcaption>Time since ${formatTime(curves.startMs)}. ${stratum === 'probe' ? 'Synthetic requests only. ' : ''}Each point of the failures counts at least a fortieth of the run. Evidence of safety begins anew with each step. Odds of 100:1 mean: were the candidate within its limit, evidence this strong would come up in at most one of 100 releases.</figcaption>
</figure>
${curves.stretches.length === 0 ? html`<p>Nothing was counted.</p>` : figures(curves, citing)}
</section>`;
}

function phases(timeline: ReportData['timeline'], { startMs, endMs }: RunCurves, citing: Citing): Html {
  const rows = timeline.milestones.map(({ name, at, durationMs, events }) => {
    const atMs = at === null ? null : Date.parse(at);
    const from = atMs === null ? 0 : percentOf(atMs - startMs, endMs - startMs);
    const wide = percentOf(durationMs ?? 0, endMs - startMs);
    const bar =
      atMs === null
        ? html``
        : html`<span class="bar" style="margin-left:${Math.min(from, 99)}%;width:${Math.min(wide, 100 - Math.min(from, 99))}%"></span>`;
    return html`<li><span class="phase">${name}</span> <span class="when">${at === null ? 'not reached' : html`${at.slice(11, 19)}Z, ${formatDuration(durationMs)}`}${citeHtml(events, citing)}</span><span class="track">${bar}</span></li>`;
  });
  return html`<ol class="phases">${joinHtml(rows)}</ol>`;
}

function percentOf(part: number, whole: number): number {
  return Math.round(Math.min(1, Math.max(0, part / Math.max(1, whole))) * 1000) / 10;
}

function figures({ stretches, startMs }: RunCurves, citing: Citing): Html {
  const rate = (stretch: Stretch, arm: 'canary' | 'baseline'): string => {
    const { requests, failures } = stretch[arm];
    const ratio = ratioOf(stretch[arm]);
    return ratio === null ? 'no requests' : `${failures} of ${requests} (${formatRatio(ratio)})`;
  };
  const ms = (value: number | null): string => (value === null ? 'unknown' : `${trim(value, 0)} ms`);
  const rows = stretches.map((stretch) => [
    html`${timeLabel(Math.max(0, stretch.fromMs - startMs))} to ${timeLabel(Math.max(0, stretch.toMs - startMs))}${citeHtml(stretch.events, citing)}`,
    `${trim(stretch.weightPercent, 2)} %`,
    rate(stretch, 'canary'),
    rate(stretch, 'baseline'),
    `${ms(stretch.p99CanaryMs)} / ${ms(stretch.p99BaselineMs)}`,
  ]);
  return html`<details><summary>The same as a table</summary>
${dataTable({
  caption: 'Requests that failed, and latency, over time',
  head: ['Since start', 'Weight', 'Candidate failed', 'Baseline failed', 'p99 candidate / baseline'],
  rows,
})}
</details>`;
}
