import { approvalLevel } from '../model/approval-level.ts';
import { approveFlags } from '../model/approve-command.ts';
import { blindMsBetween } from '../model/blind-time.ts';
import type { CountsPoint, RunRecord, StepProgress } from '../model/run-record.ts';
import { renderMs, renderStep } from '../model/step.ts';
import { blindTrigger, freezeTrigger } from '../model/verdict.ts';
import { asSentence, cite, formatRatio, formatTime, plainLine, plural, trim } from './format.ts';
import { abortDecision } from './record-events.ts';
import { buildExposure, describeExposure } from './report-findings.ts';
import { judgedPoints, ratioOf, sumArm } from './report-measures.ts';
import { isUnseenSplit } from './report-unverified.ts';
import { restoreMsOf } from './rollback-facts.ts';

export type StatusOptions = {
  nowMs: number;
  detail?: 'concise' | 'full';
  /** Whose words the next step is told in: tool calls for an agent, commands for a person at a terminal. */
  reader?: 'agent' | 'person';
};

/** Where a run is, in a fixed compact layout for agents and people: state, step, evidence, and the next call. Pure. */
export function renderStatus(record: RunRecord, options: StatusOptions): string {
  const { content } = record.plan;
  const over = record.outcome !== null;
  const lines = [
    `run ${record.runId} · ${content.service} ${content.revision.version} to ${content.environment} · ${content.strategy}`,
    `${over ? `outcome: ${record.outcome}` : `status: ${record.status}`}${record.reason === null || !over ? '' : ` · ${shorten(record.reason)}`}`,
    `time: ${renderMs((record.endedAtMs ?? options.nowMs) - record.startedAtMs) || '0s'}${over ? '' : ` so far, since ${formatTime(record.startedAtMs)}`}`,
    ...(record.newer === null ? [] : [`note: ${describeNewer(record.newer)}`]),
    ...(record.damage === null
      ? []
      : [
          `note: the journal is damaged at line ${record.damage.line}: ${record.damage.reason}; nothing leads forward from it, and the way back is open`,
        ]),
    ...(over ? renderEnding(record) : renderProgress(record, options.nowMs)),
    ...(options.detail === 'full' ? renderSteps(record) : []),
    `next: ${options.reader === 'person' ? nextCommand(record) : nextCall(record)}`,
  ];
  return lines.join('\n');
}

/** What is said wherever a run of a newer program is shown. */
export function describeNewer(version: number): string {
  return `a newer seatrial wrote this journal (format ${version}); it is shown as far as this version understands it, and only the newer one can act on it`;
}

function renderProgress(record: RunRecord, nowMs: number): string[] {
  return [
    describeStep(record, nowMs),
    `weight: ${trim(record.weightPercent, 2)} % of users on ${record.plan.content.revision.version}`,
    ...renderEvidence(record),
    ...renderPeople(record, nowMs),
  ];
}

function describeStep(record: RunRecord, nowMs: number): string {
  const phase = record.rollback === null ? 'forward' : 'back';
  const steps = record.steps.filter((progress) => progress.phase === phase);
  const index = currentIndex(steps, record.currentStepId);
  const current = steps[index];
  const label = phase === 'back' ? 'way back' : 'step';
  if (current === undefined) return `${label}: ${steps.length}/${steps.length}, reading back who serves`;
  return `${label}: ${index + 1}/${steps.length}, ${renderStep(current.step)}${current.state === 'pending' ? ' (next)' : bakeLeft(record, current, nowMs)}`;
}

function currentIndex(steps: readonly StepProgress[], currentStepId: string | null): number {
  const running = steps.findIndex((progress) => progress.step.id === currentStepId);
  return running !== -1 ? running : steps.findIndex((progress) => progress.state !== 'completed');
}

function bakeLeft(record: RunRecord, { step, startedAtMs }: StepProgress, nowMs: number): string {
  if (step.kind !== 'bake' || startedAtMs === null) return '';
  const observedMs = nowMs - startedAtMs - blindMsBetween(record, startedAtMs, nowMs);
  const leftMs = step.minMs - observedMs;
  const untilHoldMs = step.maxMs - observedMs;
  const hold = record.holds.at(-1);
  if (hold?.trigger === blindTrigger && hold.toMs === null)
    return `; ${renderMs(Math.max(0, observedMs))} of it observed, and the clock stands still until the source is heard`;
  return leftMs > 0
    ? `; ${renderMs(leftMs)} left`
    : `; its time is over, waiting for a verdict (at most ${renderMs(Math.max(1000, untilHoldMs))} more)`;
}

function renderEvidence(record: RunRecord): string[] {
  const points = bakePoints(record);
  const canary = sumArm(points, 'canary');
  const baseline = sumArm(points, 'baseline');
  const verdict = record.verdicts.find((one) => one.metric === 'errorRate');
  const others = record.verdicts.filter(
    (one) => one.metric !== 'errorRate' && one.outcome !== 'pass' && !isUnseenSplit(one),
  );
  const arm = (name: string, counts: typeof canary): string => {
    const ratio = ratioOf(counts);
    return `${name} ${ratio === null ? 'no requests yet' : `${formatRatio(ratio)} failed of ${plural(counts.requests, 'request')}`}`;
  };
  return [
    `rates: ${arm('canary', canary)}; ${arm('baseline', baseline)}${record.plan.content.judge.stratum === 'probe' ? ' (probes)' : ''}${cite([points.at(-1)?.seq].filter((seq) => seq !== undefined))}`,
    `verdict: ${verdict === undefined ? 'none yet' : `${verdict.outcome}. ${shorten(verdict.sentence)}`}`,
    ...others.map((one) => `${one.metric}: ${one.outcome}. ${shorten(one.sentence)}`),
  ];
}

/** Seconds of the bake that is going on; of the whole run between bakes. */
function bakePoints(record: RunRecord): CountsPoint[] {
  const bake = record.steps.find(
    (progress) => progress.step.kind === 'bake' && progress.step.id === record.currentStepId,
  );
  const fromMs = bake?.startedAtMs ?? record.startedAtMs;
  return judgedPoints(record).filter((point) => point.toMs > fromMs);
}

function renderPeople(record: RunRecord, nowMs: number): string[] {
  if (record.status === 'frozen')
    return [
      `FROZEN: ${shorten(record.reason ?? '')} Nothing moves by itself any more; a person decides between forward and back.`,
    ];
  const hold = record.holds.at(-1);
  if (hold === undefined || hold.toMs !== null) return [];
  const { trigger } = hold;
  const goOn =
    trigger == null ? 'resume after a pause, promote otherwise' : trigger === 'person' ? 'resume' : 'promote';
  const can = isFrozen(hold)
    ? 'It goes on by itself when the freeze is over; nobody lets it past before that. It can go back (abort).'
    : hold.gate === null
      ? `It goes on by itself when the reason is gone. A person can let it go on now (${goOn}) or take it back (abort).`
      : `Gate ${hold.gate}: a person must let it go on.`;
  return [`HELD for ${renderMs(nowMs - hold.fromMs) || '0s'} (#${hold.seq}): ${shorten(hold.reason)}`, can];
}

/** Held because deployments are frozen: going on is not for this run's people to decide. */
function isFrozen(hold: RunRecord['holds'][number] | undefined): boolean {
  return hold?.trigger === freezeTrigger && hold.toMs === null;
}

function renderEnding(record: RunRecord): string[] {
  const abort = abortDecision(record);
  const exposure = buildExposure(record);
  const restored = restoreMsOf(record);
  return [
    ...(abort === null || abort.decision.reason === record.reason
      ? []
      : [`decided by: ${shorten(abort.decision.reason)} (#${abort.seq})`]),
    `users: ${describeExposure(exposure)}${cite(exposure.events)}`,
    ...(record.rollback === null || record.maxWeightPercent === 0
      ? []
      : [
          `back: users were off the candidate ${restored === null ? 'at a time that was not measured' : `${renderMs(restored)} after the decision`}`,
        ]),
    `serves now: ${record.verified === null ? 'UNVERIFIED, not read back' : `${record.verified.ok ? '' : 'UNVERIFIED, '}${record.verified.reason} (#${record.verified.seq})`}`,
    ...(record.error === null ? [] : [`remedy: ${record.error.remedy}`]),
  ];
}

function renderSteps(record: RunRecord): string[] {
  return [
    'steps:',
    ...record.steps.map(
      ({ step, phase, state, error }) =>
        `  ${state.padEnd(9)} ${phase === 'back' ? 'back: ' : ''}${renderStep(step)}${error === null ? '' : `: ${error.message}`}`,
    ),
  ];
}

function nextCall(record: RunRecord): string {
  const id = `run_id: "${record.runId}"`;
  if (record.outcome === 'rollback_failed')
    return `tell a person NOW, users may still be on the candidate; rollback {environment: "${record.plan.content.environment}"} tries again`;
  if (record.outcome === 'unverified')
    return `say that it is not proven, never that it succeeded; smoke_test {environment: "${record.plan.content.environment}"}, then ask the person: keep it, or rollback; then deploy_report {${id}}`;
  if (record.outcome !== null)
    return record.plan.content.kind === 'rollout'
      ? `deploy_report {${id}}, then deploy_review {action: "draft", ${id}}`
      : `deploy_report {${id}}`;
  if (record.status === 'rolling_back')
    return `rollout_status {${id}, wait_s: 60}; it cannot be stopped, users are going back`;
  const hold = record.holds.at(-1);
  if (isFrozen(hold))
    return `tell a person; forward: when the freeze is over; back: rollout_control {action: "abort", ${id}}`;
  if (record.status === 'frozen' || (hold !== undefined && hold.toMs === null)) {
    const promote =
      record.plan.approval === 'none'
        ? `rollout_control {action: "promote", ${id}}`
        : approvalLevel(record.plan.approval) > approvalLevel('client-dialog')
          ? `\`seatrial approve --scope promote --run-id ${record.runId}${approveFlags(record.plan.approval)}\` by a person in a terminal`
          : `rollout_approve {scope: "promote", ${id}} (a person answers)`;
    return `tell a person; forward: ${promote}; back: rollout_control {action: "abort", ${id}}`;
  }
  return `rollout_status {${id}, wait_s: 60}; to stop it: rollout_control {action: "abort", ${id}}`;
}

/** The same for a person at a terminal. */
function nextCommand(record: RunRecord): string {
  const { runId, outcome, status, plan } = record;
  if (outcome === 'rollback_failed')
    return `act NOW, users may still be on the candidate; seatrial rollback --env ${plan.content.environment} tries again`;
  if (outcome !== null)
    return plan.content.kind === 'rollout'
      ? `seatrial report ${runId}; then seatrial review draft ${runId}`
      : `seatrial report ${runId}`;
  if (status === 'rolling_back') return `seatrial status ${runId} --follow; it cannot be stopped, users are going back`;
  const hold = record.holds.at(-1);
  if (isFrozen(hold)) return `forward: when the freeze is over; back: seatrial abort ${runId}`;
  if (status === 'frozen' || (hold !== undefined && hold.toMs === null)) {
    const forward =
      plan.approval === 'none'
        ? `seatrial promote ${runId}`
        : `seatrial approve --scope promote --run-id ${runId}${approveFlags(plan.approval)}`;
    return `forward: ${forward}; back: seatrial abort ${runId}`;
  }
  return `seatrial status ${runId} --follow; to stop it: seatrial abort ${runId}`;
}

function shorten(text: string): string {
  const sentence = asSentence(plainLine(text));
  return sentence.length > 280 ? `${sentence.slice(0, 279)}…` : sentence;
}
