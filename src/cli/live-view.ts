import { blindMsBetween } from '../model/blind-time.ts';
import type { RunRecord, StepProgress } from '../model/run-record.ts';
import { renderMs, renderStep } from '../model/step.ts';
import { freezeTrigger } from '../model/verdict.ts';
import { evidenceLines, rateLines } from './live-evidence.ts';
import { type Color, createPalette, type Palette, renderBar, spread, truncate, wrap } from './terminal-text.ts';

/** What a person types to act on the run that is shown. */
export type RunCommands = { follow: string; resume: string; promote: string; abort: string; rollback: string };

export type FrameOptions = {
  nowMs: number;
  /** Columns; the layout needs 60. */
  width: number;
  color: boolean;
  commands: RunCommands;
  /** Lines for the list of steps; the ones around the current step are shown. */
  maxSteps?: number;
};

/** A run as a picture of text lines, none wider than `width`. Pure. */
export function renderFrame(record: RunRecord, options: FrameOptions): string[] {
  const width = Math.max(60, options.width);
  const paint = createPalette(options.color);
  return [
    ...header(record, { ...options, width }, paint),
    '',
    ...stepLines(record, { ...options, width }, paint),
    '',
    weightLine(record, width, paint),
    ...rateLines(record, width, paint),
    ...evidenceLines(record, width, paint),
    ...bakeLines(record, options.nowMs, width),
    ...standingLines(record, { ...options, width }, paint),
  ];
}

function header(record: RunRecord, { nowMs, width }: FrameOptions, paint: Palette): string[] {
  const { content } = record.plan;
  const from = content.stable === null ? '' : `${content.stable.version} → `;
  const elapsed = renderMs(Math.max(0, (record.endedAtMs ?? nowMs) - record.startedAtMs));
  const title = `${content.service} · ${content.environment} · ${from}${content.revision.version} · ${content.strategy}`;
  return [
    paint(spread(title, elapsed, width), 'bold'),
    paint(spread(`run ${record.runId}`, statusWord(record), width), statusColor(record)),
  ];
}

function statusWord(record: RunRecord): string {
  return record.outcome ?? record.status;
}

function statusColor(record: RunRecord): Color {
  if (record.outcome === 'succeeded') return 'green';
  if (record.outcome !== null && record.outcome !== 'unverified' && record.outcome !== 'aborted') return 'red';
  return record.status === 'running' ? 'cyan' : 'yellow';
}

const stepLook = {
  pending: { mark: '·', color: 'dim' },
  running: { mark: '▶', color: 'cyan' },
  completed: { mark: '✓', color: 'green' },
  failed: { mark: '✗', color: 'red' },
} as const;

function stepLines(record: RunRecord, { nowMs, width, maxSteps }: FrameOptions, paint: Palette): string[] {
  const { shown, before, after } = visibleSteps(record.steps, maxSteps ?? record.steps.length);
  const lines = shown.map((progress) => {
    const { mark, color } = stepLook[progress.state];
    const way = progress.phase === 'back' ? '↩ ' : '';
    return paint(spread(`  ${mark} ${way}${renderStep(progress.step)}`, stepTime(progress, nowMs), width), color);
  });
  return [
    ...(before > 0 ? [paint(`  ✓ ${before} earlier steps`, 'dim')] : []),
    ...lines,
    ...(after > 0 ? [paint(`  · ${after} later steps`, 'dim')] : []),
  ];
}

function visibleSteps(
  steps: StepProgress[],
  maxSteps: number,
): { shown: StepProgress[]; before: number; after: number } {
  if (steps.length <= maxSteps) return { shown: steps, before: 0, after: 0 };
  const lastTouched = steps.findLastIndex((step) => step.state !== 'pending');
  const start = Math.min(Math.max(0, maxSteps > 1 ? lastTouched - 1 : lastTouched), steps.length - maxSteps);
  return { shown: steps.slice(start, start + maxSteps), before: start, after: steps.length - start - maxSteps };
}

function stepTime(progress: StepProgress, nowMs: number): string {
  if (progress.startedAtMs === null) return '';
  return renderMs(Math.max(0, (progress.endedAtMs ?? nowMs) - progress.startedAtMs));
}

function weightLine(record: RunRecord, width: number, paint: Palette): string {
  const percent = `${record.weightPercent} %`.padStart(6);
  const bar = renderBar(record.weightPercent / 100, Math.min(60, width - 24));
  return `  ${'users on it'.padEnd(12)} ${paint(bar, 'cyan')} ${percent}`;
}

function bakeLines(record: RunRecord, nowMs: number, width: number): string[] {
  const current = record.steps.find(
    (progress) => progress.step.id === record.currentStepId && progress.state === 'running',
  );
  if (
    current === undefined ||
    current.step.kind !== 'bake' ||
    current.startedAtMs === null ||
    record.status === 'ended'
  )
    return [];
  const observedMs = nowMs - current.startedAtMs - blindMsBetween(record, current.startedAtMs, nowMs);
  const left = current.step.minMs - observedMs;
  const untilHold = renderMs(Math.max(0, current.step.maxMs - observedMs));
  if (left > 0) return [truncate(`  ${'time left'.padEnd(12)} ${renderMs(left)} in this bake`, width)];
  const needed = record.verdicts.find((verdict) => verdict.moreRequests !== null);
  const about = needed?.moreMs == null ? '' : `, about ${renderMs(needed.moreMs)}`;
  const more =
    needed?.moreRequests == null
      ? ''
      : `: ${Math.ceil(needed.moreRequests).toLocaleString('en-US')} more canary requests${about}`;
  return wrap(`bake time is over, waits for a verdict${more}; holds in ${untilHold}`, width - 2, 2).map(
    (line) => `  ${line}`,
  );
}

/** Why it stands where it stands, and what to type. */
function standingLines(record: RunRecord, { nowMs, width, commands }: FrameOptions, paint: Palette): string[] {
  const say = (text: string, color: Color): string[] =>
    wrap(text, width - 2, 3).map((line) => paint(`  ${line}`, color));
  const type = (entries: ReadonlyArray<readonly [string, string]>): string[] =>
    entries.map(([what, command]) => truncate(`  ${`${what}:`.padEnd(9)} ${command}`, width));
  if (record.status === 'ended') {
    return [
      '',
      ...say(`${statusWord(record).toUpperCase()}: ${record.reason ?? 'no reason recorded'}`, statusColor(record)),
    ];
  }
  if (record.status === 'rolling_back') {
    return ['', ...say(`ROLLING BACK: ${record.rollback?.reason ?? record.reason ?? 'no reason recorded'}`, 'yellow')];
  }
  if (record.status === 'frozen') {
    return [
      '',
      ...say(`FROZEN: ${record.reason ?? 'no reason recorded'}`, 'red'),
      ...type([
        ['go back', commands.rollback],
        ['go on', commands.resume],
      ]),
    ];
  }
  if (record.status !== 'held') return [];
  const hold = record.holds.findLast((candidate) => candidate.toMs === null);
  const since = hold === undefined ? '' : ` for ${renderMs(Math.max(0, nowMs - hold.fromMs))}`;
  const goOn: readonly [string, string] =
    hold?.gate == null && (hold?.trigger ?? 'person') === 'person'
      ? ['go on', commands.resume]
      : ['let go on', commands.promote];
  // Nobody lets a run past a freeze; it goes on when that ends.
  const forward = hold?.trigger === freezeTrigger ? [] : [goOn];
  return [
    '',
    ...say(`HELD${since}: ${hold?.reason ?? record.reason ?? 'no reason recorded'}`, 'yellow'),
    ...type([...forward, ['stop', commands.abort]]),
  ];
}
