import type { CheckResult } from '../../model/check.ts';
import type { RunRecord, StepProgress } from '../../model/run-record.ts';
import { renderStep } from '../../model/step.ts';
import { asSentence, formatDuration, plainLine } from '../format.ts';
import { stepEvents } from '../record-events.ts';
import type { ReportData } from '../report-schema.ts';
import { type Citing, citeHtml } from './cite-html.ts';
import { dataTable } from './data-table.ts';
import { type Html, html, nothing } from './html.ts';
import { statusMark } from './page-measures.ts';

/** What was done step by step, what was asked before, and the smoke tests. Pure. */
export function renderSteps(record: RunRecord, data: ReportData, citing: Citing): Html {
  return html`<section aria-labelledby="steps">
<h2 id="steps">Steps</h2>
${stepTable(record, citing)}
</section>
<section aria-labelledby="checks">
<h2 id="checks">Checks before the change</h2>
${gates(data, citing)}
${foldedChecks(record)}
${environment(data, citing)}
</section>
<section aria-labelledby="smoke">
<h2 id="smoke">Smoke tests</h2>
${smokeSection(record, data, citing)}
</section>`;
}

function stepTable(record: RunRecord, citing: Citing): Html {
  const rows = record.steps.map((progress) => [
    html`${progress.phase === 'back' ? 'way back: ' : ''}${renderStep(progress.step)}${citeHtml(stepEvents(record, progress), citing)}`,
    stateOf(record, progress),
    progress.startedAtMs === null ? '' : new Date(progress.startedAtMs).toISOString().slice(11, 23),
    progress.startedAtMs === null || progress.endedAtMs === null
      ? ''
      : formatDuration(progress.endedAtMs - progress.startedAtMs),
  ]);
  return dataTable({
    caption: 'Every step of the plan and of the way back',
    head: ['Step', 'State', 'At (UTC)', 'Took'],
    rows,
  });
}

function stateOf(record: RunRecord, { state, step, error, phase }: StepProgress): Html {
  // A watch that a decision broke off has not failed by itself.
  const isBroken = step.kind === 'bake' && phase === 'forward' && record.rollback !== null && state !== 'completed';
  if (state === 'pending') return html`<span class="soft">not reached</span>`;
  if (isBroken) return html`<span class="status open"><span aria-hidden="true">■</span> broken off</span>`;
  return html`${statusMark(state === 'running' ? 'not finished' : state)}${error === null ? nothing : html`<br><span class="soft">${plainLine(error.message)}</span>`}`;
}

function gates({ preflight }: ReportData, citing: Citing): Html {
  return html`<ul class="plain">${preflight.gates.map(
    ({ name, status, reason, events }) =>
      html`<li>${statusMark(status)} <strong>${name}</strong> <span class="soft">${asSentence(reason)}</span>${citeHtml(events, citing)}</li>`,
  )}</ul>`;
}

const order: ReadonlyArray<CheckResult['status']> = ['failed', 'unknown', 'skipped', 'passed'];
const words = { failed: 'failed', unknown: 'without an answer', skipped: 'not asked', passed: 'passed' } as const;

function foldedChecks({ preflight }: RunRecord): Html {
  if (preflight === null) return html`<p>No answer is on record.</p>`;
  return html`${order.map((status) => {
    const checks = preflight.checks.filter((check) => check.status === status);
    if (checks.length === 0) return nothing;
    return html`<details${status === 'failed' ? html` open` : nothing}><summary>${checks.length} ${words[status]}</summary><ul class="plain">${checks.map(foldedCheck)}</ul></details>`;
  })}`;
}

function foldedCheck({ id, title, status, reason, evidence, remedy }: CheckResult): Html {
  const seen = Object.entries(evidence);
  return html`<li>${statusMark(status)} <strong>${plainLine(title)}</strong> <code>${id}</code><br>${asSentence(plainLine(reason))}${remedy === null || status === 'passed' ? nothing : html` <span class="soft">${asSentence(plainLine(remedy))}</span>`}${
    seen.length === 0
      ? nothing
      : html`<details><summary>what was seen</summary><dl class="facts">${seen.map(([name, value]) => html`<div><dt>${name}</dt><dd>${plainLine(String(value))}</dd></div>`)}</dl></details>`
  }</li>`;
}

function environment({ preflight }: ReportData, citing: Citing): Html {
  const { artifacts, health } = preflight;
  const lines: Array<readonly [string, Html]> = [
    ...health.map(({ label, text, events }) => [label, html`${text}${citeHtml(events, citing)}`] as const),
    ['Artifacts', html`${artifacts.list.length === 0 ? 'none recorded' : artifacts.list.join(', ')}`],
    ['Checksums verified', html`${artifacts.checksums}${citeHtml(artifacts.events, citing)}`],
    ['Signatures validated', html`${artifacts.signatures}${citeHtml(artifacts.events, citing)}`],
  ];
  return html`<h3>Environment and artifacts</h3>
<dl class="facts">${lines.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function smokeSection(record: RunRecord, { smoke }: ReportData, citing: Citing): Html {
  const run = smoke.categories.filter(({ total }) => total > 0);
  const list = run.map(
    ({ name, passed, total, flaky }) => `${name}: ${passed}/${total}${flaky === 0 ? '' : `, ${flaky} flaky`}`,
  );
  const none = smoke.categories.filter(({ total }) => total === 0).map(({ name }) => name);
  return html`<p>${list.length === 0 ? 'No smoke test was run' : list.join('; ')}.${none.length === 0 ? '' : ` None run: ${none.join(', ')}.`}</p>
${record.smoke.map(
  (round, index) =>
    html`<details><summary>${smoke.rounds[index]?.text ?? 'a round'}</summary>${citeHtml([round.seq], citing)}<ul class="plain">${round.checks.map(foldedCheck)}</ul></details>`,
)}`;
}
