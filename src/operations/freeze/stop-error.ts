import { type EmergencyStop, stopOf } from '../../journal/emergency-stop.ts';
import type { ProjectFolder } from '../../journal/state-folder.ts';
import { DeployError } from '../../model/deploy-error.ts';

/** Throws EMERGENCY_STOP while somebody has stopped deployments to an environment. */
export async function assertNotStopped(project: ProjectFolder, environment: string, nowMs: number): Promise<void> {
  const stop = await stopOf(project, environment, nowMs);
  if (stop === null) return;
  const { reason, by, atMs, untilMs } = stop;
  throw new DeployError('EMERGENCY_STOP', {
    environment,
    reason,
    by,
    since: new Date(atMs).toISOString(),
    until: untilMs === null ? '' : `, until ${new Date(untilMs).toISOString()}`,
  });
}

/** One stop in words: who, since when, why, and for what. Pure. */
export function renderStop({ environment, reason, by, atMs, untilMs }: EmergencyStop): string {
  const until = untilMs === null ? 'until a person thaws it' : `until ${new Date(untilMs).toISOString()}`;
  return `${environment ?? 'every environment'}: stopped by ${by} since ${new Date(atMs).toISOString()}, ${until}: ${reason}`;
}
