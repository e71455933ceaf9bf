import { printable } from '../model/printable.ts';
import type { RecordedEvent } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderStep } from '../model/step.ts';

/** One line for each thing that happened after event `afterSeq`, for logs and pipes. Pure. */
export function renderChanges(record: RunRecord, afterSeq: number): string[] {
  const steps = new Map(record.steps.map((progress) => [progress.step.id, renderStep(progress.step)]));
  return record.events
    .filter((event) => event.seq > afterSeq)
    .flatMap((event) => {
      const text = describe(event, steps);
      return text === null ? [] : [`${new Date(event.atMs).toISOString().slice(11, 19)}Z ${printable(text)}`];
    });
}

/** Counts and verdicts come every second and are left out; decisions tell when they mattered. */
function describe(event: RecordedEvent, steps: ReadonlyMap<string, string>): string | null {
  const nameOf = (stepId: string): string => steps.get(stepId) ?? stepId;
  switch (event.type) {
    case 'run_started':
      return `run started: ${event.data.plan.content.service} ${event.data.plan.content.revision.version} to ${event.data.plan.content.environment}, ${event.data.plan.content.strategy}`;
    case 'step_started':
      return `${event.data.phase === 'back' ? 'back: ' : ''}${renderStep(event.data.step)} …`;
    case 'step_completed':
      return `${event.data.phase === 'back' ? 'back: ' : ''}${nameOf(event.data.stepId)}: done`;
    case 'step_failed':
      // Why a step was stopped is said by the decision that stopped it.
      return event.data.error.message.startsWith('stopped: ')
        ? `${nameOf(event.data.stepId)}: stopped`
        : `${nameOf(event.data.stepId)}: FAILED, ${event.data.error.code}: ${event.data.error.message}`;
    case 'decision':
      return event.data.decision.action === 'wait'
        ? null
        : `decision: ${event.data.decision.action}, ${event.data.decision.reason}`;
    case 'smoke_completed': {
      const run = event.data.checks.filter((check) => check.status !== 'skipped');
      const passed = run.filter((check) => check.status === 'passed').length;
      return `smoke tests (${event.data.on}): ${run.length === 0 ? 'none configured' : `${passed} of ${run.length} passed`}`;
    }
    default:
      return describeRest(event);
  }
}

function describeRest(event: RecordedEvent): string | null {
  switch (event.type) {
    case 'instance':
      return event.data.what === 'exited' || event.data.what === 'oom' || event.data.what === 'gave_up'
        ? `instance ${event.data.instanceId} of ${event.data.revisionId}: ${event.data.what}`
        : null;
    case 'weight_raised':
      return event.data.done ? `candidate gets ${event.data.weightPercent} % of users: ${event.data.reason}` : null;
    case 'control':
      return `${event.data.action} asked by ${event.data.by}: ${event.data.accepted ? 'accepted' : 'refused'}, ${event.data.answer}`;
    case 'held':
      return `HELD: ${event.data.reason}`;
    case 'resumed':
      return `resumed: ${event.data.reason}`;
    case 'frozen':
      return `FROZEN: ${event.data.reason}`;
    case 'rollback_started':
      return `ROLLING BACK (${event.data.trigger}): ${event.data.reason}`;
    case 'traffic_restored':
      return `all users are on the stable revision again, after ${event.data.afterMs.toFixed(0)} ms`;
    case 'revision_verified':
      return `revision ${event.data.ok ? 'verified' : 'NOT verified'}: ${event.data.matching} of ${event.data.reads} answers from ${event.data.expected}`;
    case 'dead_man':
      return event.data.what === 'fired' ? `DEAD-MAN ROLLBACK: ${event.data.reason}` : null;
    case 'warning':
      return `warning ${event.data.code}: ${event.data.message}`;
    case 'run_ended':
      return `${event.data.outcome.toUpperCase()}: ${event.data.reason}`;
    default:
      return null;
  }
}
