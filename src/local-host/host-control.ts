import type { Act, Target, TargetState } from '../model/target.ts';
import { boundAct, waitUntil } from '../system/bounded-act.ts';
import { createSystemClock } from '../system/clock.ts';
import { signalGroup } from '../system/exec.ts';
import { readJsonFile, writeFileAtomic } from '../system/files.ts';
import { identityOf, isAlive } from '../system/process-identity.ts';
import { ensureHost } from './ensure-host.ts';
import type { HostAnswer } from './host/control-protocol.ts';
import { callHost, readHost } from './host/host-client.ts';
import type { HostFiles } from './host/host-files.ts';
import { hostSpecSchema } from './host/host-spec.ts';
import type { HostState } from './host/host-state.ts';
import { readHostState } from './host/host-store.ts';
import { hostPlaceOf } from './host-place.ts';
import { recordedInstances } from './recorded-instances.ts';
import { readRecordedState } from './recorded-state.ts';

export type HostStatus = {
  up: boolean;
  /** False where there never was a host. */
  known: boolean;
  pid: number | null;
  /** `host:port` that users reach; null where they reach another program. */
  listen: string | null;
  state: TargetState;
};

const clock = createSystemClock();
const upWithinMs = 90_000;
const pollMs = 30;
/** Within this time a guard has seen that there is nothing to guard, and a host that it had started answers, ms. */
const guardNoticesMs = 2000;

/** The host is up and what it served last is served again. */
export async function hostUp(target: Target, signal: AbortSignal): Promise<HostStatus> {
  const place = hostPlaceOf(target);
  const recorded = await readHostState(place.files.state);
  const act: Act = { idempotencyKey: 'host-up', fence: recorded?.routing.fence ?? 0, deadlineMs: upWithinMs, signal };
  const bounded = boundAct(act, 'host up');
  await ensureHost(place, bounded);
  await waitUntil(bounded, async () => {
    const answer = await readHost(place.files, bounded.signal);
    return answer?.state.revisions.every(isServing) ? answer : null;
  });
  return hostStatus(target, signal);
}

/**
 * Open requests are finished, every instance is stopped, then the host; nothing is left running, also when the host had died.
 * Throws COMMAND_FAILED when a command of the user does not end its instance.
 */
export async function hostDown(target: Target, signal: AbortSignal): Promise<HostStatus> {
  const { files } = hostPlaceOf(target);
  const running = (await readHost(files, signal)) ?? (await afterDisarming(files, signal));
  const spec = running?.spec ?? (await readJsonFile(files.spec, hostSpecSchema));
  if (running !== null && spec !== null) {
    const identity = await identityOf(running.pid);
    await callHost(files, { name: 'down', body: { fence: running.state.fence }, signal });
    const recorded = await readHostState(files.state);
    const patienceMs =
      spec.drainMs + Math.max(spec.drainMs, spec.streamDrainMs) + spec.stopMs + commandsMs(recorded) + 10_000;
    const endMs = clock.monotonic() + patienceMs;
    while (identity !== null && (await isAlive(identity)) && clock.monotonic() < endMs && !signal.aborted)
      await clock.sleep(pollMs);
    if (identity !== null && (await isAlive(identity))) signalGroup(identity.pid, 'SIGKILL');
  }
  await stopLeftovers(files, spec?.stopMs ?? 10_000);
  return hostStatus(target, signal);
}

/** Whoever guards a host that has died must not start it again; the one that it has just started is returned. */
async function afterDisarming(files: HostFiles, signal: AbortSignal): Promise<HostAnswer | null> {
  const recorded = await readHostState(files.state);
  if (recorded?.deadMan === undefined || recorded.deadMan.armed === null) return null;
  const deadMan = { ...recorded.deadMan, armed: null };
  await writeFileAtomic(files.state, `${JSON.stringify({ ...recorded, deadMan })}\n`, { mode: 0o600 });
  await clock.sleep(guardNoticesMs, signal);
  return readHost(files, signal);
}

/** Reads only; starts nothing. */
export async function hostStatus(target: Target, signal: AbortSignal): Promise<HostStatus> {
  const { files } = hostPlaceOf(target);
  const running = await readHost(files, signal);
  const spec = running?.spec ?? (await readJsonFile(files.spec, hostSpecSchema));
  const listen = spec === null || spec.listen === null ? null : `${spec.listen.host}:${spec.listen.port}`;
  const state = running?.state ?? (await readRecordedState(files));
  return { up: running !== null, known: spec !== null, pid: running?.pid ?? null, listen, state };
}

function isServing(placed: TargetState['revisions'][number]): boolean {
  if (placed.role !== 'stable') return true;
  return (
    placed.wantedInstances === 0 ||
    placed.instances.some((instance) => instance.state === 'ready' || instance.state === 'gave_up')
  );
}

/** Instances that outlived their host. */
async function stopLeftovers(files: HostFiles, stopMs: number): Promise<void> {
  const ended = await Promise.allSettled(
    recordedInstances(await readHostState(files.state), { logs: files.logs, stopMs }).map(
      async ({ record, runner }) => {
        const running = await runner.adopt(record);
        if (running === null) await runner.clear();
        else await running.end(stopMs);
      },
    ),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** Longest time that the user's commands may take until an instance has ended: one that is going on, stop, and a status. */
function commandsMs(recorded: HostState | null): number {
  const times = (recorded?.routing.placements ?? []).map(({ launch }) =>
    'commands' in launch ? 3 * launch.commands.timeoutMs : 0,
  );
  return Math.max(0, ...times);
}
