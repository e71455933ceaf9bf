import { asSentence, formatCount, formatDuration, trim } from '../format.ts';
import { describeExposure } from '../report-findings.ts';
import type { ReportData } from '../report-schema.ts';
import { type Citing, citeHtml } from './cite-html.ts';
import { type Html, html, joinHtml } from './html.ts';

/** A word, a sign and a class, so that a status is never told by colour alone. */
const statuses: Record<ReportData['title']['status'], { word: string; sign: string; tone: string }> = {
  SUCCESS: { word: 'Succeeded', sign: '✓', tone: 'good' },
  ROLLBACK: { word: 'Rolled back', sign: '↩', tone: 'bad' },
  FAILED: { word: 'Failed', sign: '✕', tone: 'bad' },
  UNVERIFIED: { word: 'Unverified', sign: '?', tone: 'open' },
  ABORTED: { word: 'Aborted', sign: '■', tone: 'open' },
  'IN PROGRESS': { word: 'In progress', sign: '…', tone: 'open' },
};

/** What a reader wants to know first: how it ended, why, and what users had of it. Pure. */
export function renderHead(data: ReportData, citing: Citing): Html {
  const { title, verdict, exposure } = data;
  const status = statuses[title.status];
  const failedBack = title.outcome === 'rollback_failed';
  return html`<header>
<p class="kicker">${title.project} · ${title.environment} · ${title.strategy}${title.kind === 'rollout' ? '' : ` · ${title.kind}`}</p>
<h1>${title.service} ${title.version} <span class="badge ${status.tone}"><span aria-hidden="true">${status.sign}</span> ${failedBack ? 'Rollback failed' : status.word}</span></h1>
${failedBack ? html`<p class="alarm"><strong>P0.</strong> Users may still be on ${title.version}. Move traffic by hand, then run <code>seatrial rollback</code> again.</p>` : html``}
<p class="lead">${asSentence(verdict.sentence)}${citeHtml(verdict.events, citing)}</p>
<p>${describeExposure(exposure)}${citeHtml(exposure.events, citing)}</p>
${title.reason === verdict.sentence ? html`` : html`<p class="soft">How it ended: ${asSentence(title.reason)}</p>`}
<dl class="tiles">${tilesOf(data).map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
${facts(data)}
</header>`;
}

function tilesOf({ exposure, rollback, timeline, couldNotVerify }: ReportData): Array<readonly [string, string]> {
  return [
    ['Requests on the candidate', exposure.canary === null ? 'not measured' : formatCount(exposure.canary.requests)],
    [
      'Failed by the release',
      exposure.failedByRelease === null ? 'not measured' : formatCount(exposure.failedByRelease),
    ],
    ['Most users on it', `${trim(exposure.maxWeightPercent, 2)} %`],
    ...(rollback === null
      ? []
      : [
          ['Time to detect', formatDuration(rollback.detectMs)] as const,
          ['Time to restore', formatDuration(rollback.restoreMs)] as const,
        ]),
    ['Took', timeline.durationMs === null ? 'not over' : formatDuration(timeline.durationMs)],
    ['Not verified', String(couldNotVerify.length)],
  ];
}

function facts({ title, timeline, approvalUsed }: ReportData): Html {
  const lines: Array<readonly [string, string]> = [
    ['Started', timeline.start],
    ['Ended', timeline.end ?? 'not over'],
    ['Before', title.from ?? 'nothing served (first deploy)'],
    ['Commit', title.commit?.slice(0, 12) ?? 'none: shipped from a directory'],
    ['Approval', approvalUsed],
    ['Run', title.runId],
    ['Plan', title.planId.slice(0, 12)],
  ];
  return html`<dl class="facts short">${joinHtml(lines.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`))}</dl>`;
}
