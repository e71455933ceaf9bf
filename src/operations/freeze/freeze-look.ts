import { freezeAt } from '../../config/freeze.ts';
import { stopOf } from '../../journal/emergency-stop.ts';
import type { Clock } from '../../model/clock.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import type { Place } from '../place.ts';
import { renderStop } from './stop-error.ts';

/** Time between two looks of a run at what stops it. */
const lookEveryMs = 500;

/** What stands against going forward at this moment, for a run that looks at every tick: a stop first, then a freeze window. */
export function createFreezeLook(place: Place, clock: Clock): () => Promise<string | null> {
  let seenMs = Number.NEGATIVE_INFINITY;
  let found: string | null = null;
  return async () => {
    if (clock.monotonic() - seenMs < lookEveryMs) return found;
    seenMs = clock.monotonic();
    found = await look(place, clock.now()).catch(
      (thrown: unknown) => `it cannot be seen whether deployments are stopped: ${toDeployError(thrown).message}`,
    );
    return found;
  };
}

async function look({ project, name, spec }: Place, nowMs: number): Promise<string | null> {
  const stop = await stopOf(project.state, name, nowMs);
  if (stop !== null)
    return `emergency stop, ${renderStop(stop)}; the run goes on when it ends, or goes back by rollback`;
  const window = freezeAt(nowMs, spec.freeze);
  if (!window.frozen) return null;
  const until = new Date(window.untilMs).toISOString();
  return `a freeze window has begun: ${window.reason}; the run goes on at ${until}, or goes back by rollback`;
}
