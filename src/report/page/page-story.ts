import { asSentence, formatDuration } from '../format.ts';
import type { ReportData, Statement } from '../report-schema.ts';
import { type Citing, citeHtml } from './cite-html.ts';
import { type Html, html, nothing } from './html.ts';
import { statusMark } from './page-measures.ts';

/** What went wrong and how it was put right, what is learned, who signed, and what nobody can vouch for. Pure. */
export function renderStory(data: ReportData, citing: Citing): Html {
  return html`<section aria-labelledby="open">
<h2 id="open">Could not verify</h2>
${unverified(data, citing)}
</section>
<section aria-labelledby="issues">
<h2 id="issues">Issues and resolutions</h2>
${issues(data, citing)}
${rollback(data, citing)}
</section>
<section aria-labelledby="lessons">
<h2 id="lessons">Lessons learned</h2>
<h3>What went well</h3>
${statements(data.lessons.wentWell, citing)}
<h3>What could improve</h3>
${statements(data.lessons.couldImprove, citing)}
<h3>Action items</h3>
${statements(data.lessons.actions, citing)}
${runbook(data)}
</section>
<section aria-labelledby="approvals">
<h2 id="approvals">Approvals and sign-offs</h2>
${approvals(data, citing)}
</section>`;
}

function statements(list: readonly Statement[], citing: Citing): Html {
  if (list.length === 0) return html`<p class="soft">Nothing on record.</p>`;
  return html`<ul>${list.map(({ text, events }) => html`<li>${text}${citeHtml(events, citing)}</li>`)}</ul>`;
}

/** Checks that were not asked are many and alike: they are folded, the rest is not. */
function unverified({ couldNotVerify }: ReportData, citing: Citing): Html {
  if (couldNotVerify.length === 0) return html`<p>Nothing.</p>`;
  const isUnasked = ({ why }: { why: string }): boolean => why === 'skipped: not configured';
  const item = ({ what, why, events }: ReportData['couldNotVerify'][number]): Html =>
    html`<li><strong>${what}</strong>: ${why}${citeHtml(events, citing)}</li>`;
  const unasked = couldNotVerify.filter(isUnasked);
  return html`<ul>${couldNotVerify.filter((one) => !isUnasked(one)).map(item)}</ul>${
    unasked.length === 0
      ? nothing
      : html`<details><summary>${unasked.length} questions that nothing is configured to answer</summary><ul>${unasked.map(({ what, events }) => html`<li>${what}${citeHtml(events, citing)}</li>`)}</ul></details>`
  }`;
}

function issues({ issues }: ReportData, citing: Citing): Html {
  if (issues.length === 0) return html`<p>None on record.</p>`;
  return html`<ol>${issues.map(
    ({ title, severity, resolution, timeToResolveMs, events }) =>
      html`<li>${asSentence(title)}${citeHtml(events, citing)}<br><span class="soft">${statusMark(severity)} · ${asSentence(resolution)} Time to resolve: ${formatDuration(timeToResolveMs)}.</span></li>`,
  )}</ol>`;
}

function rollback({ rollback }: ReportData, citing: Citing): Html {
  if (rollback === null) return nothing;
  const lines: Array<readonly [string, Html]> = [
    ['Trigger', html`${rollback.trigger} (${rollback.firedBy})`],
    ['Strategy', html`${rollback.strategy}`],
    ['Time to detect', html`${formatDuration(rollback.detectMs)}`],
    ['Time to restore', html`${formatDuration(rollback.restoreMs)}`],
    ['Whole way back', html`${formatDuration(rollback.durationMs)}`],
    ['Success', statusMark(rollback.success)],
    ['Smoke tests after it', statusMark(rollback.smoke)],
  ];
  return html`<h3>Rollback</h3>
<dl class="facts">${lines.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
<p class="soft">Events:${citeHtml(rollback.events, citing)}</p>`;
}

function runbook({ runbook }: ReportData): Html {
  if (runbook.length === 0) return nothing;
  return html`<details><summary>Proposed runbook updates (${runbook.length})</summary><ul class="plain">${runbook.map(
    ({ document, section, wording }) =>
      html`<li><code>${document}</code>, “${section}”<blockquote>${wording}</blockquote></li>`,
  )}</ul></details>`;
}

function approvals(data: ReportData, citing: Citing): Html {
  const given = data.approvals.map(
    ({ scope, by, how, at, events }) => html`<li>${scope}: ${by}, ${how}, ${at}${citeHtml(events, citing)}</li>`,
  );
  return html`<p>Required: ${data.approvalRequired}. Used: ${asSentence(data.approvalUsed)}</p>
${given.length === 0 ? nothing : html`<ul>${given}</ul>`}
<dl class="facts">${data.signOffs.map(({ role, by, at }) => html`<div><dt>${role}</dt><dd>${by === null ? 'not signed' : `${by}, ${at ?? 'time not recorded'}`}</dd></div>`)}</dl>`;
}
