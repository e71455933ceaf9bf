import type { RunRecord } from '../model/run-record.ts';
import type { ArmCounts, Comparison, Verdict } from '../model/verdict.ts';
import { formatRatio, plural, trim } from './format.ts';
import { verdictSeq } from './record-events.ts';
import type { ReportData } from './report-schema.ts';

/** Sections that a report has even when nothing was measured, by the name of the event that fills them. */
const always = [
  { metric: 'conversion', name: 'Conversion Rate' },
  { metric: 'user-activity', name: 'User Activity' },
];

/** What the configured business events came to, at the last watch that saw both arms. Pure. */
export function buildBusiness(record: RunRecord): ReportData['business'] {
  const measured = record.plan.content.judge.comparisons.flatMap(({ kind, metric }) =>
    kind === 'events' ? [metric] : [],
  );
  const others = measured.filter((metric) => !always.some((one) => one.metric === metric));
  return [...always, ...others.map((metric) => ({ metric, name: metric }))].map(({ metric, name }) => ({
    name,
    ...describe(record, measured.includes(metric) ? metric : null),
  }));
}

type Facts = Omit<ReportData['business'][number], 'name'>;

function describe(record: RunRecord, metric: string | null): Facts {
  const verdict = record.verdicts.find((one) => one.metric === metric);
  const comparison = record.plan.content.judge.comparisons.find((one) => one.metric === metric);
  if (metric === null) return unmeasured('not measured: no source is configured');
  if (verdict === undefined || verdict.canary.requests === 0 || verdict.baseline.requests === 0)
    return unmeasured('not measured: the source told nothing of both revisions');
  const [before, after] = [ratioOf(verdict.baseline), ratioOf(verdict.canary)];
  return {
    baseline: `${formatRatio(before)} of ${plural(verdict.baseline.requests, 'opportunity', 'opportunities')}`,
    current: `${formatRatio(after)} of ${plural(verdict.canary.requests, 'opportunity', 'opportunities')}`,
    change:
      before === 0
        ? 'unknown: the baseline had none'
        : `${after >= before ? '+' : ''}${trim((after / before - 1) * 100, 1)} %${limitOf(comparison, verdict)}`,
    events: verdictSeq(record, metric),
  };
}

/** What may be lost, and whether that was kept. */
function limitOf(comparison: Comparison | undefined, { outcome }: Verdict): string {
  if (comparison?.kind !== 'events') return '';
  const proofs = { pass: 'kept for certain', fail: 'broken for certain', inconclusive: 'neither is certain' };
  return ` (at most -${trim((1 - comparison.least) * 100, 1)} % is allowed: ${proofs[outcome]})`;
}

function unmeasured(text: string): Facts {
  return { baseline: text, current: text, change: text, events: [] };
}

/** Opportunities that led to the event; a verdict counts those that did not as failures. */
function ratioOf({ requests, failures }: ArmCounts): number {
  return (requests - failures) / requests;
}
