import { cite, formatDuration, formatRatio, trim } from './format.ts';
import type { Measure, ReportData } from './report-schema.ts';

export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

export function renderPreflight({ preflight }: ReportData): string {
  const counts = ['passed', 'failed', 'skipped', 'unknown'].map(
    (status) => `${preflight.checks.filter((check) => check.status === status).length} ${status}`,
  );
  return [
    '## Pre-Deployment Validation',
    '',
    `**Checks**: ${preflight.checks.length === 0 ? 'none on record' : counts.join(', ')}${cite(preflight.events)}`,
    '',
    '**Quality Gates Status**:',
    bullets(preflight.gates.map((gate) => `${gate.name}: ${gate.status} (${gate.reason})${cite(gate.events)}`)),
    '',
    '**Environment Health**:',
    bullets(preflight.health.map((line) => `${line.label}: ${line.text}${cite(line.events)}`)),
    '',
    '**Artifacts**:',
    bullets([
      // Images are the target's own business: no driver tells of any yet.
      'Container images: not measured',
      `Artifacts: ${preflight.artifacts.list.length === 0 ? 'none recorded' : preflight.artifacts.list.join(', ')}`,
      `Checksums verified: ${preflight.artifacts.checksums}${cite(preflight.artifacts.events)}`,
      `Signatures validated: ${preflight.artifacts.signatures}${cite(preflight.artifacts.events)}`,
    ]),
  ].join('\n');
}

/** Only where something was said: what it changed, and what became of each. */
export function renderGuidedSection({ guided }: ReportData): string[] {
  if (guided === null) return [];
  const cited = (statements: Array<{ text: string; events: number[] }>): string[] =>
    statements.map(({ text, events }) => `${text}${cite(events)}`);
  const parts: Array<[string, string[]]> = [
    ['Answers', guided.answers.map(({ id, answer, changes }) => `${id}: “${answer}” → ${changes}`)],
    ['Focus', guided.foci],
    ['Changed in the plan', guided.changes],
    ['Checks that had to pass', cited(guided.checks)],
    ['Additional reviewers', cited(guided.reviewers)],
    ['Speed', cited(guided.verdicts)],
  ];
  const told = parts.flatMap(([title, lines]) => (lines.length === 0 ? [] : [`**${title}**:\n${bullets(lines)}`]));
  const head = guided.guidance === null ? [] : [`**Guidance**: “${guided.guidance}”`];
  return [
    [
      '## Because of the Guidance',
      ...head,
      ...(told.length === 0 ? ['It changed nothing: it is kept as a note.'] : told),
    ].join('\n\n'),
  ];
}

export function renderSmoke({ smoke }: ReportData): string {
  const counts = smoke.categories.map(({ name, passed, total, flaky, events }) => {
    if (total === 0) return `**${name}**: none run`;
    return `**${name}**: ${passed}/${total}${flaky === 0 ? '' : `, ${flaky} flaky`}${cite(events)}`;
  });
  return [
    '## Smoke Tests Results',
    '',
    counts.join('\n'),
    '',
    bullets(
      smoke.rounds.length === 0
        ? ['no smoke test was run']
        : smoke.rounds.map(({ text, events }) => `${text}${cite(events)}`),
    ),
    '',
    '**Failures**:',
    bullets(
      smoke.failures.length === 0
        ? ['none on record']
        : smoke.failures.map(({ text, events }) => `${text}${cite(events)}`),
    ),
    ...(smoke.flaky.length === 0
      ? []
      : ['', '**Flaky**:', bullets(smoke.flaky.map(({ text, events }) => `${text}${cite(events)}`))]),
  ].join('\n');
}

export function renderSlo({ slo, downtime }: ReportData): string {
  return ['## SLO Metrics', ...slo.map((measure) => renderMeasure(measure, downtime))].join('\n\n');
}

/** How long nothing worked. Pure. */
export function describeDowntime({ seconds }: ReportData['downtime']): string {
  return seconds === null ? 'not measured' : `${seconds} seconds in which every request failed`;
}

function renderMeasure(measure: Measure, downtime: ReportData['downtime']): string {
  const { cites } = measure;
  const availability = measure.name === 'Availability';
  const lines = [
    `Baseline: ${formatValue(measure.baseline, measure.unit)}${cite(measure.baseline === null ? [] : cites.baseline)}`,
    `${availability ? 'Uptime' : 'Post-Deployment'}: ${formatValue(measure.current, measure.unit)}${cite(measure.current === null ? [] : cites.current)}`,
    ...(availability ? [`Downtime: ${describeDowntime(downtime)}${cite(downtime.events)}`] : []),
    `Target: ${describeTarget(measure)}${cite(measure.range === null ? cites.target : cites.baseline)}`,
    `Status: ${measure.status}`,
    `Evidence: ${measure.note}${cite(measure.events)}`,
  ];
  return `### ${measure.name}\n${bullets(lines)}`;
}

/** What a service level is held against: an objective, or of throughput the baseline before. Pure. */
export function describeTarget({ name, unit, current, target, range }: Measure): string {
  if (name !== 'Throughput') return target === null ? 'not configured' : formatValue(target, unit);
  if (range === null) return 'baseline ± 10 %: not measured';
  const kept = current === null ? '' : current >= range.from && current <= range.to ? ', kept' : ', not kept';
  return `baseline ± 10 %: ${trim(range.from, 1)} to ${trim(range.to, 1)} req/s${kept}`;
}

/** A figure of a service level as people read it. Pure. */
export function formatValue(value: number | null, unit: Measure['unit']): string {
  if (value === null) return 'not measured';
  const formats = {
    ratio: () => formatRatio(value),
    ms: () => `${trim(value, 1)} ms`,
    'req/s': () => `${trim(value, 1)} req/s`,
  };
  return formats[unit]();
}

export function renderBusiness({ business }: ReportData): string {
  const section = ({ name, baseline, current, change, events }: ReportData['business'][number]): string =>
    `### ${name}\n${bullets([`Baseline: ${baseline}${cite(events)}`, `Post-Deployment: ${current}${cite(events)}`, `Change: ${change}${cite(events)}`])}`;
  return ['## Business Metrics', ...business.map(section)].join('\n\n');
}

export function renderRollback(rollback: NonNullable<ReportData['rollback']>): string {
  const { cites } = rollback;
  return `### Rollback Details\n${bullets([
    `Rollback Trigger: ${rollback.trigger} (${rollback.firedBy}): ${rollback.reason}${cite(cites.trigger)}`,
    `Rollback Strategy: ${rollback.strategy}`,
    `Time to Detect: ${formatDuration(rollback.detectMs)}${rollback.detectMs === null ? '' : ' after the first failed request to the candidate, to the second'}${cite(cites.detect)}`,
    `Time to Restore: ${formatDuration(rollback.restoreMs)}${rollback.restoreMs === null ? '' : ' from the decision until no request went to the candidate'}${cite(cites.restore)}`,
    `Rollback Duration: ${formatDuration(rollback.durationMs)}${cite(rollback.durationMs === null ? [] : cites.duration)}`,
    `Rollback Success: ${rollback.success}${cite(rollback.events)}`,
    `Smoke Tests Post-Rollback: ${rollback.smoke}${cite(cites.smoke)}`,
  ])}`;
}
