import type { LatencySummary } from '../../model/latency-summary.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { asSentence, formatCount, formatRatio } from '../format.ts';
import { ratioOf } from '../report-measures.ts';
import type { ReportData } from '../report-schema.ts';
import { describeDowntime, describeTarget, formatValue } from '../report-sections.ts';
import { type Citing, citeHtml } from './cite-html.ts';
import { dataTable } from './data-table.ts';
import { type Html, html, nothing, rawHtml } from './html.ts';
import { renderLatencyPlot, renderQuantile } from './latency-plot.ts';

/** Exposure of users, the four service levels with their evidence, latency distributions and business figures. Pure. */
export function renderMeasures(record: RunRecord, data: ReportData, citing: Citing): Html {
  return html`<section aria-labelledby="users">
<h2 id="users">Exposure of users</h2>
${exposure(data, citing)}
</section>
<section aria-labelledby="levels">
<h2 id="levels">Service levels</h2>
${levels(data, citing)}
<p>Downtime: ${describeDowntime(data.downtime)}${citeHtml(data.downtime.events, citing)}.</p>
${data.verdict.verdicts.length === 0 ? nothing : verdicts(data, citing)}
</section>
${latencySection(record, citing)}
<section aria-labelledby="business">
<h2 id="business">Business metrics</h2>
${dataTable({
  caption: 'Business metrics',
  head: ['Metric', 'Baseline', 'Candidate', 'Change'],
  rows: data.business.map((one) => [
    one.name,
    one.baseline,
    one.current,
    html`${one.change}${citeHtml(one.events, citing)}`,
  ]),
})}
</section>`;
}

function exposure({ exposure }: ReportData, citing: Citing): Html {
  const { canary, baseline, stratum, cut } = exposure;
  if (canary === null || baseline === null) return html`<p>Not measured.</p>`;
  const rate = (counts: typeof canary): string => {
    const ratio = ratioOf(counts);
    return ratio === null ? 'no requests' : formatRatio(ratio);
  };
  return html`${dataTable({
    caption: `${stratum === 'probe' ? 'Synthetic requests' : 'Requests of users'} while the candidate had some`,
    head: ['Revision', 'Requests', 'Failed', 'Failed share'],
    rows: [
      ['Candidate', formatCount(canary.requests), formatCount(canary.failures), rate(canary)],
      ['Baseline', formatCount(baseline.requests), formatCount(baseline.failures), rate(baseline)],
    ],
  })}
<p>${exposure.failedByRelease === null ? 'How many failed because of the release is not measured.' : `${formatCount(exposure.failedByRelease)} failed beyond what the baseline explains.`} ${cut === null ? 'Cut connections were not counted.' : `${formatCount(cut)} connections were cut.`}${citeHtml(exposure.events, citing)}</p>`;
}

function levels({ slo }: ReportData, citing: Citing): Html {
  return dataTable({
    caption: 'Baseline, candidate and target',
    head: ['Level', 'Baseline', 'Candidate', 'Target', 'Status', 'Evidence'],
    rows: slo.map((measure) => [
      measure.name,
      formatValue(measure.baseline, measure.unit),
      formatValue(measure.current, measure.unit),
      describeTarget(measure),
      statusMark(measure.status),
      html`<details><summary>evidence</summary>${asSentence(measure.note)}${citeHtml(measure.events, citing)}</details>`,
    ]),
  });
}

const tones: Record<string, readonly [sign: string, tone: string]> = {
  PASS: ['✓', 'good'],
  YES: ['✓', 'good'],
  passed: ['✓', 'good'],
  completed: ['✓', 'good'],
  pass: ['✓', 'good'],
  BREACH: ['✕', 'bad'],
  FAIL: ['✕', 'bad'],
  NO: ['✕', 'bad'],
  failed: ['✕', 'bad'],
  fail: ['✕', 'bad'],
  Critical: ['▲', 'bad'],
  High: ['▲', 'bad'],
};

/** A status as sign and word: never by colour alone. Pure. */
export function statusMark(status: string): Html {
  const [sign, tone] = tones[status] ?? ['?', 'open'];
  return html`<span class="status ${tone}"><span aria-hidden="true">${sign}</span> ${status}</span>`;
}

function verdicts({ verdict }: ReportData, citing: Citing): Html {
  return html`<details><summary>Every verdict (${verdict.verdicts.length})</summary><ul class="plain">${verdict.verdicts.map(
    ({ metric, outcome, sentence, events }) =>
      html`<li>${statusMark(outcome)} <strong>${metric}</strong>: ${asSentence(sentence)}${citeHtml(events, citing)}</li>`,
  )}</ul></details>`;
}

function latencySection({ latency, events }: RunRecord, citing: Citing): Html {
  const cited = citeHtml(
    events.filter(({ type }) => type === 'latency').map(({ seq }) => seq),
    citing,
  );
  return html`<section aria-labelledby="latency">
<h2 id="latency">Latency of both revisions</h2>
${latency === null ? html`<p>Not measured: the record holds no latencies of a time in which the candidate had requests.</p>` : latencyFigure(latency, cited)}
</section>`;
}

function latencyFigure(latency: LatencySummary, cited: Html): Html {
  const { canary, baseline } = latency;
  const count = ({ counts }: typeof canary): string => formatCount(counts.reduce((sum, one) => sum + one, 0));
  const row = (name: string, arm: typeof canary): string[] => [
    name,
    count(arm),
    renderQuantile(arm.p50Ms),
    renderQuantile(arm.p95Ms),
    renderQuantile(arm.p99Ms),
  ];
  return html`<figure>
<div class="narrow">${rawHtml(renderLatencyPlot(latency, { width: 400, id: 'latency-narrow' }))}</div>
<div class="wide">${rawHtml(renderLatencyPlot(latency, { width: 860, id: 'latency-wide' }))}</div>
<figcaption>Seconds in which the candidate had requests; the area is the share of requests.${cited}</figcaption>
</figure>
${dataTable({
  caption: 'Quantiles of latency',
  head: ['Revision', 'Requests', 'p50', 'p95', 'p99'],
  rows: [row('Candidate', canary), row('Baseline', baseline)],
})}
${canary.p50Ms === null ? html`<p class="soft">Of the candidate no latency was taken in: instances that have just started are left out.</p>` : nothing}`;
}
