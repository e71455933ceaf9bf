import { DeployError } from '../model/deploy-error.ts';
import { type BoundedAct, waitUntil } from '../system/bounded-act.ts';
import { createSystemClock } from '../system/clock.ts';
import { ensurePrivateDirectory, readJsonFile, removeFile, writeFileAtomic } from '../system/files.ts';
import { type HostAnswer, refusalToError } from './host/control-protocol.ts';
import { callHost, readHost } from './host/host-client.ts';
import { startErrorSchema } from './host/host-files.ts';
import type { HostPlace } from './host-place.ts';

const clock = createSystemClock();
const startsWithinMs = 20_000;

/**
 * A host runs with these settings; one that is up takes over changed times. Throws the error with which the host could not
 * start (PORT_IN_USE …), TARGET_UNREACHABLE, STEP_TIMED_OUT.
 */
export async function ensureHost(place: HostPlace, act: BoundedAct): Promise<HostAnswer> {
  const running = await readHost(place.files, act.signal);
  if (running === null) return startHost(place, act);
  if (JSON.stringify(running.spec) === JSON.stringify(place.spec)) return running;
  return callHost(place.files, { name: 'spec', body: { fence: act.fence, spec: place.spec }, signal: act.signal });
}

async function startHost({ files, spec, launchHost }: HostPlace, act: BoundedAct): Promise<HostAnswer> {
  await ensurePrivateDirectory(files.directory);
  await writeFileAtomic(files.spec, `${JSON.stringify(spec)}\n`, { mode: 0o600 });
  await removeFile(files.startError);
  await launchHost();
  const endMs = clock.monotonic() + startsWithinMs;
  return waitUntil(act, async () => {
    const answer = await readHost(files, act.signal);
    if (answer !== null) return answer;
    const failed = await readJsonFile(files.startError, startErrorSchema);
    if (failed !== null) throw refusalToError(failed);
    if (clock.monotonic() < endMs) return null;
    const reason = `it did not start within ${startsWithinMs / 1000} s`;
    throw new DeployError('TARGET_UNREACHABLE', {
      target: 'the local host',
      reason,
      remedy: `See ${files.directory}/host.log.`,
    });
  });
}
