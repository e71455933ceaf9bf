/** Styles of the report's page: one column, light and dark by the reader's choice, wide content scrolls by itself. */
export const pageStyle = `
:root{--ink:#1b2430;--soft:#566072;--paper:#fff;--raised:#f5f7fa;--line:#dfe4ea;--link:#1d5fa8;--canary:#b45309;--baseline:#2563a8;--harm:#bb1f28;--safe:#15713a;--good:#15713a;--bad:#bb1f28;--open:#7a5200;--focus:#1d5fa8}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaef;--soft:#a3adbb;--paper:#11151b;--raised:#1a2029;--line:#2d3541;--link:#7db8f7;--canary:#f2a654;--baseline:#75b5f7;--harm:#ff8080;--safe:#68d391;--good:#68d391;--bad:#ff8080;--open:#e5b567;--focus:#7db8f7}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
main{max-width:900px;margin:0 auto;padding:24px 18px 64px}
.skip{position:absolute;left:-999px;top:0;background:var(--paper);color:var(--link);padding:.5em 1em;z-index:1}
.skip:focus{left:0}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
h1{font-size:clamp(1.5rem,5vw,2.1rem);line-height:1.2;margin:.1em 0 .5em;display:flex;flex-wrap:wrap;gap:.4em;align-items:center}
h2{font-size:1.25rem;margin:2.4em 0 .6em;padding-top:.9em;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.4em 0 .4em}
p{margin:.5em 0}
.kicker,.soft,figcaption,caption,.cite,.when{color:var(--soft)}
.kicker{margin:0;font-size:.9rem}
.lead{font-size:1.12rem;font-weight:600}
.soft,figcaption,caption{font-size:.9rem}
.cite{font-size:.8rem;font-weight:400;white-space:nowrap}
.cite a{color:inherit}
.badge{font-size:.62em;font-weight:700;padding:.25em .7em;border-radius:2em;border:2px solid currentColor;white-space:nowrap}
.status{font-weight:600;white-space:nowrap}
.good{color:var(--good)}.bad{color:var(--bad)}.open{color:var(--open)}
.alarm{border-left:5px solid var(--bad);background:var(--raised);padding:.7em 1em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:1.4em 0}
.tiles div{background:var(--raised);border-radius:8px;padding:.7em .9em;display:flex;flex-direction:column-reverse;justify-content:flex-end}
.tiles dt{font-size:.82rem;color:var(--soft);line-height:1.3}
.tiles dd{margin:0;font-size:1.35rem;font-weight:700;line-height:1.3;font-variant-numeric:tabular-nums;overflow-wrap:normal}
.facts{margin:.6em 0;font-size:.92rem}
.facts div{display:grid;grid-template-columns:minmax(110px,13em) 1fr;gap:.2em 1em;padding:.22em 0}
.facts dt{color:var(--soft)}.facts dd{margin:0}
nav{display:flex;flex-wrap:wrap;gap:.3em 1.1em;margin:1.2em 0 0;font-size:.92rem}
nav a{padding:.25em 0}
.phases{list-style:none;padding:0;margin:0 0 1.4em}
.phases li{display:grid;grid-template-columns:1fr auto;gap:0 1em;padding:.35em 0}
.phase{font-weight:600}.when{font-size:.88rem;text-align:right;font-variant-numeric:tabular-nums}
.track{grid-column:1/-1;background:var(--raised);height:8px;border-radius:4px;overflow:hidden;display:block}
.bar{display:block;height:100%;min-width:3px;background:var(--baseline);border-radius:4px}
figure{margin:1.2em 0}
figcaption{margin-top:.4em}
.wide{display:none}
@media (min-width:760px){.wide{display:block}.narrow{display:none}}
@media (min-width:760px){.facts.short{display:grid;grid-template-columns:1fr 1fr;gap:0 2em}}
.facts.short div{grid-template-columns:5.2em 1fr}
@media (max-width:480px){.facts:not(.short) div{grid-template-columns:1fr;gap:0;padding:.3em 0}.phases li{grid-template-columns:1fr}.when{text-align:left}.cite{white-space:normal}}
.scroll{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:0 0 .4em}
th,td{text-align:left;vertical-align:top;padding:.45em 1em .45em 0;border-bottom:1px solid var(--line);overflow-wrap:normal}
th[scope=row]{font-weight:600;min-width:9em}
thead th{color:var(--soft);font-weight:600;font-size:.85rem}
ul,ol{padding-left:1.3em}li{margin:.35em 0}
.plain{list-style:none;padding-left:0}.plain li{padding:.3em 0}
details{margin:.5em 0}
summary{cursor:pointer;color:var(--link);padding:.15em 0}
td details{margin:0}td summary{padding:0}
details details{margin:.2em 0}
.journal{list-style:none;padding:0;font-size:.88rem}
.journal li{padding:.15em .3em;scroll-margin-top:1rem}
.journal li:target{background:var(--raised);outline:2px solid var(--focus)}
time{color:var(--soft);font-variant-numeric:tabular-nums}
code{font:.92em ui-monospace,Menlo,Consolas,monospace}
blockquote{margin:.3em 0;padding:.1em 0 .1em .9em;border-left:3px solid var(--line);color:var(--soft)}
.plot{display:block;width:100%;height:auto}
.plot text{font:12.5px system-ui,sans-serif;fill:var(--soft);paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.plot .panel-title{fill:var(--ink);font-weight:600;font-size:13.5px}
.plot .grid{stroke:var(--line)}
.plot .tick{stroke:var(--soft)}
.plot .curve{fill:none;stroke-width:2;stroke-linejoin:round}
.plot .curve.baseline,.plot .curve.safe{stroke-dasharray:7 3}
.plot .curve.plain{stroke-width:1.6}
.plot .curve.margin{stroke:var(--harm);stroke-width:1.2;stroke-dasharray:2 4}
.plot .margin-label{fill:var(--harm)}
.plot .limit{stroke-dasharray:5 4;stroke-width:1.2}
.plot .decision{stroke:var(--ink);stroke-width:1.3;stroke-dasharray:2 3}
.plot .decision-label{fill:var(--ink);font-weight:600}
.plot .band{opacity:.22}
.plot .dot.margin{fill:var(--harm)}
${['harm', 'safe', 'canary', 'baseline'].map((name) => `.plot .curve.${name},.plot .limit.${name}{stroke:var(--${name})}.plot .band.${name},.plot .dot.${name},.plot .limit-label.${name}{fill:var(--${name})}`).join('\n')}
@media print{nav,.skip{display:none}details>*{display:block}}
`;
