import type { RunRecord, StepProgress } from '../model/run-record.ts';
import { renderMs, renderStep } from '../model/step.ts';
import { triggerOfMetric } from '../model/verdict.ts';
import { formatInstant, formatTime } from './format.ts';
import { abortDecision, eventsOf, firstSeq, lastSeq, stepEvents } from './record-events.ts';
import type { ReportData } from './report-schema.ts';
import { tellEvent } from './tell-event.ts';

/** When what happened: the seed's milestones, and every event that a person would tell. Pure. */
export function buildTimeline(record: RunRecord): ReportData['timeline'] {
  return {
    start: formatTime(record.startedAtMs),
    end: record.endedAtMs === null ? null : formatTime(record.endedAtMs),
    durationMs: record.endedAtMs === null ? null : record.endedAtMs - record.startedAtMs,
    milestones: buildMilestones(record),
    log: record.events.flatMap((event) => {
      const text = tellEvent(event);
      return text === null ? [] : [{ at: formatInstant(event.atMs), text, events: [event.seq] }];
    }),
    events: [...firstSeq(record, 'run_started'), ...(record.endedAtMs === null ? [] : lastSeq(record, 'run_ended'))],
  };
}

/** The section for the strategy that was used. Pure. */
export function buildStrategyDetails(record: RunRecord): ReportData['strategyDetails'] {
  const { strategy } = record.plan.content;
  const details: Record<
    string,
    { heading: string; build: (record: RunRecord) => ReportData['strategyDetails']['lines'] }
  > = {
    'blue-green': { heading: 'Blue-Green', build: blueGreenLines },
    canary: { heading: 'Canary', build: canaryLines },
    rolling: { heading: 'Rolling', build: rollingLines },
    direct: { heading: 'Direct', build: directLines },
  };
  const known = details[strategy] ?? { heading: strategy, build: stepLines };
  return { heading: known.heading, lines: known.build(record) };
}

type Lines = ReportData['strategyDetails']['lines'];

function buildMilestones(record: RunRecord): ReportData['timeline']['milestones'] {
  const forward = record.steps.filter((progress) => progress.phase === 'forward');
  const span = (name: string, steps: readonly StepProgress[]): ReportData['timeline']['milestones'][number] => {
    const begun = steps.filter((progress) => progress.startedAtMs !== null);
    const at = begun[0]?.startedAtMs ?? null;
    const times = begun.map((progress) => {
      // A bake that was broken off ends with the decision.
      const endedAtMs =
        progress.endedAtMs ?? (progress.step.kind === 'bake' ? (abortDecision(record)?.atMs ?? null) : null);
      return endedAtMs === null || progress.startedAtMs === null ? null : endedAtMs - progress.startedAtMs;
    });
    const brokenOff = begun.some(({ step, endedAtMs }) => step.kind === 'bake' && endedAtMs === null);
    const abort = brokenOff ? abortDecision(record) : null;
    const known = times.filter((ms) => ms !== null);
    return {
      name,
      at: at === null ? null : formatTime(at),
      durationMs: known.length === times.length && times.length > 0 ? known.reduce((sum, ms) => sum + ms, 0) : null,
      events: [...begun.flatMap((progress) => stepEvents(record, progress)), ...(abort === null ? [] : [abort.seq])],
    };
  };
  const preflight = eventsOf(record, 'preflight_completed')[0];
  return [
    {
      name: 'Pre-deployment validation',
      at: preflight === undefined ? null : formatTime(preflight.atMs - preflight.data.durationMs),
      durationMs: preflight?.data.durationMs ?? null,
      events: preflight === undefined ? [] : [preflight.seq],
    },
    span(
      'Deployment execution',
      forward.filter(
        ({ step }) => step.kind === 'provision' || step.kind === 'set_weight' || step.kind === 'replace_batch',
      ),
    ),
    span(
      'Smoke tests',
      record.steps.filter(({ step }) => step.kind === 'smoke'),
    ),
    span(
      'SLO monitoring',
      forward.filter(({ step }) => step.kind === 'bake'),
    ),
    completion(record),
  ];
}

function completion(record: RunRecord): ReportData['timeline']['milestones'][number] {
  const promote = record.steps.find(({ step, phase }) => step.kind === 'promote' && phase === 'forward');
  const began = record.rollback?.startedAtMs ?? promote?.startedAtMs ?? null;
  const first =
    record.rollback === null && promote !== undefined
      ? stepEvents(record, promote).slice(0, 1)
      : firstSeq(record, 'rollback_started');
  const events = [...first, ...(record.endedAtMs === null ? [] : lastSeq(record, 'run_ended'))];
  return {
    name: 'Completion/rollback',
    at: began === null ? (record.endedAtMs === null ? null : formatTime(record.endedAtMs)) : formatTime(began),
    durationMs: began === null || record.endedAtMs === null ? null : record.endedAtMs - began,
    events,
  };
}

/** When a step was done, or why there is no time. */
function doneAt(record: RunRecord, progress: StepProgress | undefined): { text: string; events: number[] } {
  if (progress === undefined) return { text: 'not part of the plan', events: [] };
  const begun = stepEvents(record, progress);
  // Of a step that was never reached the plan alone tells.
  const events = begun.length > 0 ? begun : firstSeq(record, 'run_started');
  if (progress.state === 'completed' && progress.endedAtMs !== null)
    return { text: formatTime(progress.endedAtMs), events };
  if (progress.state === 'failed')
    return { text: `failed: ${progress.error?.message ?? 'no reason was recorded'}`, events };
  return { text: progress.state === 'running' ? 'begun, not completed' : 'not reached', events };
}

function forwardSteps(record: RunRecord, kind: StepProgress['step']['kind']): StepProgress[] {
  return record.steps.filter((progress) => progress.phase === 'forward' && progress.step.kind === kind);
}

function blueGreenLines(record: RunRecord): Lines {
  const promote = forwardSteps(record, 'promote')[0];
  const retire = forwardSteps(record, 'retire')[0];
  const standbyMs = promote?.step.kind === 'promote' ? promote.step.standbyMs : 0;
  const promotedAtMs = promote?.state === 'completed' ? promote.endedAtMs : null;
  const kept =
    promotedAtMs === null || standbyMs === 0
      ? 'N/A'
      : `N/A: standby until ${formatTime(promotedAtMs + standbyMs)}, then retired by the target`;
  return [
    { label: 'Green deployment', ...doneAt(record, forwardSteps(record, 'provision')[0]) },
    { label: 'Traffic cutover', ...doneAt(record, forwardSteps(record, 'set_weight')[0]) },
    retire === undefined
      ? { label: 'Blue retirement', text: kept, events: promote === undefined ? [] : stepEvents(record, promote) }
      : { label: 'Blue retirement', ...doneAt(record, retire) },
  ];
}

function canaryLines(record: RunRecord): Lines {
  const breaches = record.decisions.filter(
    ({ decision }) => decision.action === 'abort' && isBreach(record, decision.trigger),
  );
  return [
    ...forwardSteps(record, 'set_weight').map((progress) => ({
      label: `Canary ${progress.step.kind === 'set_weight' ? progress.step.weightPercent : 0}%`,
      ...doneAt(record, progress),
    })),
    { label: 'SLO breaches', text: String(breaches.length), events: breaches.map((entry) => entry.seq) },
  ];
}

/** Triggers that are a service level of the candidate, in contrast to a crash, a smoke test or a person. */
export function isBreach({ plan }: RunRecord, trigger: string | null): boolean {
  if (trigger === null) return false;
  const compared = plan.content.judge.comparisons.map(({ metric }) => triggerOfMetric(metric));
  return ['error-rate', ...compared].includes(trigger) || trigger.startsWith('slo:');
}

function rollingLines(record: RunRecord): Lines {
  const batches = forwardSteps(record, 'replace_batch');
  const done = batches.filter((progress) => progress.state === 'completed');
  const updated = done.at(-1)?.step;
  const first = batches[0]?.step;
  const pauses = record.steps.filter(
    (progress) => progress.phase === 'forward' && (progress.step.kind === 'bake' || progress.step.kind === 'approve'),
  );
  const pausedMs = pauses.reduce(
    (sum, progress) =>
      sum +
      (progress.startedAtMs === null || progress.endedAtMs === null ? 0 : progress.endedAtMs - progress.startedAtMs),
    0,
  );
  return [
    {
      label: 'Instances updated',
      text: `${updated?.kind === 'replace_batch' ? updated.candidateInstances : 0}/${record.plan.content.instances}`,
      events: [
        ...firstSeq(record, 'run_started'),
        ...done.slice(-1).flatMap((progress) => stepEvents(record, progress)),
      ],
    },
    {
      label: 'Batch size',
      text: first?.kind === 'replace_batch' ? String(first.candidateInstances) : 'not part of the plan',
      events: firstSeq(record, 'run_started'),
    },
    {
      label: 'Pause duration',
      text: renderMs(pausedMs) || '0s',
      events: pauses.flatMap((progress) => stepEvents(record, progress)),
    },
  ];
}

function directLines(record: RunRecord): Lines {
  return [
    { label: 'Deployment', ...doneAt(record, forwardSteps(record, 'provision')[0]) },
    { label: 'Traffic cutover', ...doneAt(record, forwardSteps(record, 'set_weight')[0]) },
  ];
}

function stepLines(record: RunRecord): Lines {
  return record.steps
    .filter((progress) => progress.phase === 'forward')
    .map((progress) => ({ label: renderStep(progress.step), ...doneAt(record, progress) }));
}
