import { renderArm } from '../analysis/verdict-words.ts';
import type { AnalysisData } from './analysis-data.ts';
import { aside, headline, settingsLine, totalsOf } from './analysis-text.ts';
import { escapeHtml } from './escape-html.ts';
import { renderEvidencePlot, renderRatePlot } from './evidence-plot.ts';
import { asSentence, formatCount } from './format.ts';
import { timeLabel } from './time-ticks.ts';

/** One page that needs nothing else: no script, no network, light and dark, readable on a phone. Pure. */
export function renderAnalysisPage(data: AnalysisData): string {
  const { replay, source } = data;
  const curve = replay.curves.find(({ metric }) => metric === replay.verdict.metric);
  const title = headline(replay);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(`${title} · ${source}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="source">seatrial analyze · ${escapeHtml(source)}</p>
<h1 class="${replay.outcome}">${escapeHtml(title)}</h1>
<p>${[asSentence(replay.verdict.sentence), aside(replay) ?? ''].map(escapeHtml).join(' ').trim()}</p>
${armsTable(data)}
${curve === undefined ? '' : `<h2>${curve.metric === 'errorRate' ? 'Evidence' : `Evidence on ${escapeHtml(curve.metric)}`}</h2>\n${renderEvidencePlot(replay, curve)}`}
<h2>Failure rate so far</h2>
${renderRatePlot(replay)}
${otherMetrics(data)}
${peerTable(data)}
<p class="settings">${[settingsLine(data), ...data.notes].map(escapeHtml).join('<br>')} Bands and brackets are 95 % intervals that hold at all times; they describe, the evidence decides. Odds of 100:1 mean: were the canary within its limit, evidence this strong would come up in at most one of 100 releases.</p>
</main>
</body>
</html>
`;
}

function armsTable({ replay, p99Ms }: AnalysisData): string {
  const [canary, baseline] = [totalsOf(replay, 'canary'), totalsOf(replay, 'baseline')];
  const rows: Array<[string, string, string]> = [
    ['requests', formatCount(canary.requests), formatCount(baseline.requests)],
    ['failed', formatCount(canary.failures), formatCount(baseline.failures)],
    ['failure rate', renderArm(canary), renderArm(baseline)],
  ];
  if (p99Ms.canary !== null || p99Ms.baseline !== null)
    rows.push(['p99', milliseconds(p99Ms.canary), milliseconds(p99Ms.baseline)]);
  const body = rows.map(
    ([name, left, right]) => `<tr><th scope="row">${name}</th><td>${left}</td><td>${right}</td></tr>`,
  );
  return `<table><thead><tr><td></td><th scope="col">canary</th><th scope="col">baseline</th></tr></thead><tbody>${body.join('')}</tbody></table>`;
}

function milliseconds(value: number | null): string {
  return value === null ? 'unknown' : `${Number(value.toPrecision(3))} ms`;
}

function otherMetrics({ replay }: AnalysisData): string {
  const others = replay.verdicts.filter(({ metric }) => metric !== replay.verdict.metric);
  if (others.length === 0) return '';
  const items = others.map(({ metric, sentence }) => `<li>${escapeHtml(`${metric}: ${sentence}`)}</li>`);
  return `<h2>Other comparisons</h2>\n<ul>${items.join('')}</ul>`;
}

function peerTable({ replay, peers }: AnalysisData): string {
  if (peers.length === 0) return '';
  const words = { fail: 'roll back', pass: 'promote', inconclusive: 'not decided' } as const;
  const rows = peers.map(({ rule, verdict }) => {
    const after = verdict.atMs === null ? '' : ` after ${timeLabel(verdict.atMs - replay.startMs)}`;
    return `<tr><th scope="row">${escapeHtml(rule.title)}<small>${escapeHtml(rule.settings)}</small></th><td>${words[verdict.verdict]}${after}<small>${escapeHtml(verdict.reason)}</small></td></tr>`;
  });
  return `<h2>The same data by the rules of others</h2>\n<table class="peers"><tbody>${rows.join('')}</tbody></table>`;
}

const style = `
:root{--ink:#1c2430;--soft:#5b6675;--paper:#fff;--grid:#e3e7ec;--canary:#b45309;--baseline:#2563a8;--harm:#c0262d;--safe:#15803d}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b4;--paper:#12161c;--grid:#2a313b;--canary:#f0a04b;--baseline:#6cb0f5;--harm:#ff7b7b;--safe:#5fd08a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:760px;margin:0 auto;padding:20px 16px 40px}
h1{font-size:1.5rem;line-height:1.25;margin:.2em 0 .4em}
h1.fail{color:var(--harm)}h1.pass{color:var(--safe)}
h2{font-size:1.05rem;margin:1.6em 0 .4em}
.source,.settings,small{color:var(--soft);font-size:.85rem}
.source{margin:0;overflow-wrap:anywhere}
small{display:block;font-weight:400;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3em .6em .3em 0;border-bottom:1px solid var(--grid);text-align:right;vertical-align:top}
th[scope=row],.peers td{text-align:left;font-weight:600}
.peers td{padding-right:0}
thead td{border-bottom:1px solid var(--grid)}tbody td{white-space:nowrap}.peers td{white-space:normal}
@media (max-width:480px){table{font-size:.85rem}}
ul{padding-left:1.2em}
.plot{display:block;width:100%;height:auto}
.plot text{font:12.5px system-ui,sans-serif;fill:var(--soft);paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.plot .grid{stroke:var(--grid)}
.plot .tick{stroke:var(--soft)}
.plot .curve{fill:none;stroke-width:2;stroke-linejoin:round}
.plot .limit{stroke-dasharray:5 4;stroke-width:1.2}
.plot .decision{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 3}
.plot .decision-label{fill:var(--ink);font-weight:600}
.plot .band{opacity:.2}
.plot .curve.safe{stroke-dasharray:7 3}.plot .curve.baseline{stroke-dasharray:7 3}
${['harm', 'safe', 'canary', 'baseline'].map((name) => `.plot .curve.${name},.plot .limit.${name}{stroke:var(--${name})}.plot .band.${name},.plot .dot.${name},.plot .limit-label.${name}{fill:var(--${name})}`).join('\n')}
`;
