import { runSmoke } from '../checks/smoke/run-smoke.ts';
import { takeRequests } from '../journal/inbox.ts';
import type { HeldLock } from '../journal/lock.ts';
import type { HeldRemoteLock } from '../journal/remote-lock.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { CheckResult } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { ControlRequest, RolloutPorts } from '../rollout/ports.ts';
import { touchFile } from '../system/files.ts';
import { approvedControls } from './approved-controls.ts';
import { createDeadManPort } from './dead-man-port.ts';
import { deadlinesOf } from './deadlines.ts';
import { createFreezeLook } from './freeze/freeze-look.ts';
import { createLiveReader } from './live-reader.ts';
import type { Place } from './place.ts';
import { loadServiceEnvironment } from './program-environment.ts';
import type { RunJournal } from './run-journal.ts';

const heartbeatEveryMs = 1000;

export type PortsRequest = {
  place: Place;
  plan: Plan;
  lock: HeldLock;
  /** Where the environment has a lock between machines. */
  machines: HeldRemoteLock | null;
  journal: RunJournal;
  clock: Clock;
  metrics: MetricSource;
  synthetic: RolloutPorts['synthetic'] | null;
  notify: RolloutPorts['notify'];
  runId: string;
};

/** Puts the drivers, the journal and the lock of one run together for the rollout loop. */
export function createRolloutPorts(request: PortsRequest): RolloutPorts {
  const { place, plan, lock, journal, clock, metrics, runId } = request;
  const { revision, stable } = plan.content;
  const deadMan = createDeadManPort({ place, plan, runId, generation: lock.generation });
  const beat = createHeartbeat(runFolder(place.project.state, runId).heartbeat, clock);
  return {
    target: place.target,
    metrics,
    ...(request.synthetic == null ? {} : { synthetic: request.synthetic }),
    clock,
    ...(deadMan === null ? {} : { deadMan }),
    deadlines: deadlinesOf(place.spec),
    generation: lock.generation,
    stillOwner: async () => {
      await beat();
      return lock.isStillOwner();
    },
    ...(request.machines === null ? {} : { fenced: request.machines.fenced }),
    append: (event, at) => journal.append(event, at),
    journalWritable: () => journal.writable(),
    takeControls: async () => approvedControls(await takeNewControls(place, runId, journal), request),
    // A way back is never stopped.
    ...(plan.content.kind === 'rollback' ? {} : { frozen: createFreezeLook(place, clock) }),
    smoke: (on, signal) => smokeAt(request, on, signal),
    readLive: createLiveReader(place, [revision, ...(stable === null ? [] : [stable])]),
    notify: request.notify,
  };
}

/** Tells the watchdog that the owner is not merely there but at work; an owner that was stopped stops telling. */
function createHeartbeat(path: string, clock: Clock): () => Promise<void> {
  let beatMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.monotonic() - beatMs < heartbeatEveryMs) return;
    beatMs = clock.monotonic();
    // On a full disk the watchdog must not take silence for death: an old file is better than none.
    await touchFile(path).catch(() => undefined);
  };
}

async function takeNewControls(place: Place, runId: string, journal: RunJournal): Promise<ControlRequest[]> {
  const known = new Set(journal.events.flatMap((event) => (event.type === 'control' ? [event.data.requestId] : [])));
  const broken: string[] = [];
  const requests = await takeRequests(runFolder(place.project.state, runId).directory, known, ({ file, reason }) =>
    broken.push(`${file}: ${reason}`),
  );
  for (const message of broken)
    await journal.append({ type: 'warning', data: { code: 'REQUEST_BROKEN', message: message.slice(0, 500) } });
  return requests.map(({ requestId, action, by, reason }) => ({ requestId, action, by, reason }));
}

async function smokeAt(
  { place, plan, clock }: PortsRequest,
  on: 'candidate' | 'environment' | 'rollback',
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const { revision, stable } = plan.content;
  const baseUrl = on === 'candidate' ? await place.target.candidateUrl(revision.id, signal) : place.spec.url;
  const version = on === 'rollback' ? (stable ?? revision).version : revision.version;
  return runSmoke({
    smoke: place.spec.smoke,
    on,
    baseUrl,
    version,
    projectDirectory: place.project.directory,
    environmentEnv: await loadServiceEnvironment(place),
    signal,
    clock,
  });
}
