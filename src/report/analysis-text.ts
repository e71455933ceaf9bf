import type { Replay } from '../analysis/replay.ts';
import { renderArm, renderPercent } from '../analysis/verdict-words.ts';
import type { ArmCounts } from '../model/verdict.ts';
import type { AnalysisData } from './analysis-data.ts';
import { renderEvidenceChart } from './evidence-chart.ts';
import { asSentence, formatCount } from './format.ts';
import { timeLabel } from './time-ticks.ts';

/** What seatrial would have decided on recorded traffic, for people at a terminal; at most 100 columns but for the sentence. Pure. */
export function renderAnalysis(data: AnalysisData): string {
  const { replay, peers } = data;
  const curve = replay.curves.find(({ metric }) => metric === replay.verdict.metric);
  const chart =
    curve === undefined
      ? []
      : ['', describeCurve(data), renderEvidenceChart({ ...replay, curve, timesMs: replay.timesMs })];
  return [
    headline(replay),
    asSentence(replay.verdict.sentence),
    ...[aside(replay)].filter((line) => line !== null),
    ...otherVerdicts(replay),
    '',
    ...armTable(data),
    ...chart,
    '',
    settingsLine(data),
    ...data.notes,
    ...(peers.length === 0 ? [] : ['', ...peerLines(data)]),
  ].join('\n');
}

/** `ROLL BACK, 4s after the first canary request`. Pure. */
export function headline({ outcome, atMs, startMs, endMs, verdict }: Replay): string {
  const after = timeLabel((atMs ?? endMs) - startMs);
  if (outcome === 'fail') return `ROLL BACK, ${after} after the canary's first request`;
  if (outcome === 'pass') return `SAFE, ${after} after the canary's first request`;
  const more = verdict.moreRequests === null ? '' : `: about ${formatCount(verdict.moreRequests)} more canary requests`;
  return `NOT DECIDED in ${after}${more}`;
}

/** What happened beside the decision; null when there is nothing to tell. Pure. */
export function aside({ outcome, safeAtMs, startMs, endMs }: Replay): string | null {
  if (outcome === 'pass')
    return `Nothing spoke against it until the end of the data, after ${timeLabel(endMs - startMs)}.`;
  if (safeAtMs === null) return null;
  return `It had been called safe after ${timeLabel(safeAtMs - startMs)}; the evidence against it came later.`;
}

/** What another metric says, where it is not the one that decided. */
function otherVerdicts(replay: Replay): string[] {
  return replay.verdicts
    .filter(({ metric }) => metric !== replay.verdict.metric)
    .map(({ metric, sentence }) => `${metric}: ${sentence}`);
}

function armTable({ replay, p99Ms }: AnalysisData): string[] {
  const [canary, baseline] = [totalsOf(replay, 'canary'), totalsOf(replay, 'baseline')];
  const row = (name: string, left: string, right: string): string =>
    `${name.padEnd(14)}${left.padStart(24)}${right.padStart(24)}`;
  const latency =
    p99Ms.canary === null && p99Ms.baseline === null ? [] : [row('p99', ms(p99Ms.canary), ms(p99Ms.baseline))];
  return [
    row('', 'canary', 'baseline'),
    row('requests', formatCount(canary.requests), formatCount(baseline.requests)),
    row('failed', formatCount(canary.failures), formatCount(baseline.failures)),
    row('failure rate', renderArm(canary), renderArm(baseline)),
    ...latency,
  ];
}

/** Everything that was judged of one arm; of a baseline that was there before the canary only, what it was compared with. Pure. */
export function totalsOf(replay: Replay, arm: 'canary' | 'baseline'): ArmCounts {
  const totals = replay[arm].at(-1) ?? { requests: 0, failures: 0 };
  return arm === 'baseline' && totals.requests === 0 ? replay.verdict.baseline : totals;
}

function ms(value: number | null): string {
  return value === null ? 'unknown' : `${Number(value.toPrecision(3))} ms`;
}

/** Pure. */
export function describeCurve({ replay, errorMargin }: Pick<AnalysisData, 'replay' | 'errorMargin'>): string {
  const { metric } = replay.verdict;
  if (metric === 'errorRate')
    return `Evidence that the canary fails over ${renderPercent(errorMargin)} points more often than the baseline (●), or not (○):`;
  return `Evidence on ${metric} that the canary is worse than its limit allows (●), or not (○):`;
}

/** Pure. */
export function settingsLine(data: AnalysisData): string {
  const pooled = data.pooled ? ', into which the times of the data were pooled' : '';
  return `Settings: margin ${renderPercent(data.errorMargin)} points, alpha ${renderPercent(data.alphaRollback)} % (roll back), ${renderPercent(data.alphaPromote)} % (safe), windows of ${timeLabel(data.windowMs)}${pooled}.`;
}

function peerLines({ replay, peers }: AnalysisData): string[] {
  const after = (atMs: number | null): string => (atMs === null ? '' : ` after ${timeLabel(atMs - replay.startMs)}`);
  const words = { fail: 'ROLL BACK', pass: 'PROMOTE', inconclusive: 'NOT DECIDED' } as const;
  return [
    'The same data by the rules of others (implementations of our own from their documents):',
    ...peers.flatMap(({ rule, verdict }) => [
      `- ${rule.title}: ${words[verdict.verdict]}${after(verdict.atMs)}: ${verdict.reason}`,
      `  ${rule.settings}`,
    ]),
  ];
}
