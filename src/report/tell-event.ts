import type { RecordedEvent } from '../model/run-event.ts';
import { renderMs, renderStep } from '../model/step.ts';
import type { InstanceEvent } from '../model/traffic.ts';
import { formatRatio, plural, quoteUntrusted } from './format.ts';

/** One line for the log of a report; null for events that are only numbers or are told by others. Pure. */
export function tellEvent(event: RecordedEvent): string | null {
  switch (event.type) {
    case 'run_started':
      return `run started by ${event.data.requester}`;
    case 'owner_acquired':
      return event.data.resumed ? `another supervisor took over (generation ${event.data.generation})` : null;
    case 'gate_overridden':
      return `GATE OVERRIDDEN: “${event.data.title}” (${event.data.status}: ${event.data.finding}) by ${event.data.by}, because: ${event.data.reason}`;
    case 'dead_man':
      return event.data.what === 'fired' ? `dead-man rollback: ${event.data.reason}` : null;
    case 'step_started':
      return `${event.data.phase === 'back' ? 'way back: ' : ''}${renderStep(event.data.step)}`;
    case 'step_failed':
      return `failed: ${event.data.error.message}`;
    case 'decision':
      return event.data.decision.action === 'wait'
        ? null
        : `${event.data.decision.action}: ${event.data.decision.reason}`;
    case 'instance':
      return tellInstance(event.data);
    case 'weight_raised':
      return event.data.done ? `candidate got ${event.data.weightPercent} % of users: ${event.data.reason}` : null;
    case 'control':
      return `${event.data.by} asked to ${event.data.action}: ${event.data.answer}`;
    case 'held':
      return `held: ${event.data.reason}`;
    case 'resumed':
      return `went on: ${event.data.reason}`;
    case 'frozen':
      return `frozen: ${event.data.reason}`;
    case 'rollback_started':
      return `rollback begun (${event.data.trigger})`;
    case 'traffic_restored':
      return `no request went to the candidate any more, ${renderMs(event.data.afterMs)} after the decision`;
    case 'revision_verified':
      return event.data.reason;
    case 'exposure':
      return `users: ${plural(event.data.canary.requests, 'request')} to the candidate${event.data.canary.requests === 0 ? '' : `, ${formatRatio(event.data.canary.failures / event.data.canary.requests)} failed`}`;
    case 'warning':
      return `warning: ${event.data.message}`;
    case 'run_ended':
      return `ended, ${event.data.outcome}: ${event.data.reason}`;
    default:
      return null;
  }
}

/** One line for every event but the counts, so that whatever a report cites can be looked up. Pure. */
export function tellAnyEvent(event: RecordedEvent): string | null {
  switch (event.type) {
    case 'counts':
      return null;
    case 'owner_acquired':
      return `supervisor ${event.data.pid} owns the run (generation ${event.data.generation})`;
    case 'approval_consumed':
      return `approval for ${event.data.scope} by ${event.data.by} (${event.data.how})`;
    case 'preflight_completed':
      return `checks answered in ${renderMs(event.data.durationMs)}: ${countPassed(event.data.checks)} of ${event.data.checks.length} passed`;
    case 'step_completed':
      return `${event.data.phase === 'back' ? 'way back: ' : ''}${event.data.stepId} done`;
    case 'verdict':
      return `verdict on ${event.data.verdict.metric}: ${event.data.verdict.outcome}. ${event.data.verdict.sentence}`;
    case 'decision':
      return `${event.data.decision.action}: ${event.data.decision.reason}`;
    case 'smoke_completed':
      return `smoke tests (${event.data.on}): ${countPassed(event.data.checks)} of ${event.data.checks.length} passed`;
    case 'latency':
      return `latencies of both revisions, over ${renderMs(event.data.toMs - event.data.fromMs)}`;
    case 'notified':
      return `told ${event.data.channel} about ${event.data.about}: ${event.data.ok ? event.data.reason : `failed, ${event.data.reason}`}`;
    case 'weight_raised':
      return `candidate ${event.data.done ? 'got' : 'is to get'} ${event.data.weightPercent} % of users: ${event.data.reason}`;
    case 'instance':
      return `instance ${event.data.instanceId} of ${event.data.revisionId}: ${event.data.what}`;
    default:
      return tellEvent(event);
  }
}

function countPassed(checks: ReadonlyArray<{ status: string }>): number {
  return checks.filter(({ status }) => status === 'passed').length;
}

/** Ends of instances, with the last words of their log; starts are told by the steps. */
function tellInstance({ instanceId, what, code, signal, excerpt }: InstanceEvent): string | null {
  if (what !== 'exited' && what !== 'oom' && what !== 'gave_up') return null;
  const words = { exited: 'exited', oom: 'was killed for lack of memory', gave_up: 'keeps exiting and was given up' };
  const how = code !== null ? ` with code ${code}` : signal !== null ? ` by ${signal}` : '';
  return `instance ${instanceId} ${words[what]}${how}${excerpt === null ? '' : `; its log ends: “${quoteUntrusted(excerpt)}”`}`;
}
