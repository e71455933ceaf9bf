import type { RunEvent } from '../model/run-event.ts';

/** What may still be recorded on a damaged journal: observations and everything that leads back, nothing that leads forward. Pure. */
export function mayFollowDamage(event: RunEvent): boolean {
  if (event.type === 'run_ended') return event.data.outcome !== 'succeeded' && event.data.outcome !== 'unverified';
  return isObservation(event) || isWayBack(event);
}

/** What may still be recorded in the room that was kept free for a full disk: the way back and the end, briefly. Pure. */
export function mayUseReserve(event: RunEvent): boolean {
  if (event.type === 'verdict') return event.data.verdict.outcome === 'fail';
  if (event.type === 'smoke_completed') return event.data.on === 'rollback';
  return event.type === 'run_ended' || (isWayBack(event) && !isObservation(event));
}

function isObservation(event: RunEvent): boolean {
  return ['counts', 'verdict', 'instance', 'smoke_completed'].includes(event.type);
}

function isWayBack(event: RunEvent): boolean {
  switch (event.type) {
    case 'step_started':
    case 'step_completed':
      return event.data.phase === 'back';
    case 'decision':
      return event.data.decision.action !== 'advance';
    case 'control':
      return ['pause', 'abort', 'rollback'].includes(event.data.action) || !event.data.accepted;
    case 'owner_acquired':
    case 'step_failed':
    case 'held':
    case 'frozen':
    case 'rollback_started':
    case 'traffic_restored':
    case 'revision_verified':
    case 'exposure':
    case 'notified':
    case 'warning':
      return true;
    default:
      return false;
  }
}
