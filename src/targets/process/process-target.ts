import type { ProcessTargetSpec, RevisionSpec } from '../../model/config/target.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { Revision } from '../../model/revision.ts';
import type { BatchControl, PlacedRevision, Target, TrafficControl } from '../../model/target.ts';
import { openRepository, type Repository } from '../../system/git.ts';
import { httpRequest } from '../../system/http.ts';
import { type BoundedAct, waitUntil, waitWithin, within } from './bounded-act.ts';
import { type CheckoutRequest, checkOut, removeCheckout } from './checkout.ts';
import { ensureHost, type HostPlace } from './ensure-host.ts';
import type { ControlName, ControlRequest, HostAnswer } from './host/control-protocol.ts';
import { revisionHeader } from './host/forwarded-headers.ts';
import { callHost, readFrames, readHost } from './host/host-client.ts';
import { hostFiles } from './host/host-files.ts';
import { unitSlots } from './host/unit-hash.ts';
import { hostSpecOf, listenAddress } from './host-spec-of.ts';
import { readRecordedState } from './recorded-state.ts';

export type ProcessTargetOptions = {
  spec: ProcessTargetSpec;
  revisionSpec: RevisionSpec;
  /** Where users reach the service; plain http. */
  url: string;
  environment: string;
  service: string;
  projectDirectory: string;
  /** Null when revisions come from folders only; looked for when not given. */
  repository?: Repository | null;
  /** The host's own folder, outside the project. */
  hostDirectory: string;
  /** Starts `host-daemon <hostDirectory>` detached from this process. */
  launchHost: () => Promise<void>;
};

/** Names the place by its address, so that two checkouts of a project share its lock. Throws TARGET_REFUSED. Pure. */
export function processTargetIdentity(url: string): string {
  const { host, port } = listenAddress(url);
  return `process:${host}:${port}`;
}

/** Processes of this machine behind seatrial's own proxy. Nothing is started or written before the first changing call. */
export function createProcessTarget(options: ProcessTargetOptions): Target {
  const driver = new ProcessDriver(options);
  const traffic: TrafficControl = {
    setWeight: (request, act) => within(act, 'set weight', (bounded) => driver.setWeight(request, bounded)),
    drain: (request, act) => within(act, 'drain', (bounded) => driver.drain(request, bounded)),
  };
  const batches: BatchControl = {
    replaceBatch: (request, act) => within(act, 'replace batch', (bounded) => driver.replaceBatch(request, bounded)),
  };
  const target: Target = {
    kind: 'process',
    identity: processTargetIdentity(options.url),
    url: options.url,
    revisionHeader,
    inspect: (signal) => driver.inspect(signal),
    provision: (request, act) => within(act, 'provision', (bounded) => driver.provision(request, bounded)),
    promote: (request, act) => within(act, 'promote', (bounded) => driver.promote(request, bounded)),
    retire: (request, act) => within(act, 'retire', (bounded) => driver.retire(request, bounded)),
    candidateUrl: (revisionId, signal) => driver.directUrl(revisionId, signal),
    traffic,
    batches,
    feed: { frames: (request) => readFrames(driver.files, request) },
  };
  places.set(target, driver.place);
  return target;
}

const places = new WeakMap<Target, HostPlace>();

/** Where the local host of a target lies. Throws TARGET_REFUSED for a target of another kind. */
export function hostPlaceOf(target: Target): HostPlace {
  const place = places.get(target);
  if (place === undefined)
    throw new DeployError('TARGET_REFUSED', {
      reason: `the target ${target.kind} has no local host`,
      remedy: 'Use its own tools.',
    });
  return place;
}

class ProcessDriver {
  readonly files;
  readonly #options: ProcessTargetOptions;
  readonly place: HostPlace;

  constructor(options: ProcessTargetOptions) {
    this.#options = options;
    this.files = hostFiles(options.hostDirectory);
    this.place = { files: this.files, spec: hostSpecOf(options), launchHost: options.launchHost };
  }

  async inspect(signal: AbortSignal) {
    return (await readHost(this.files, signal))?.state ?? readRecordedState(this.files);
  }

  async provision({ revision, instances }: { revision: Revision; instances: number }, act: BoundedAct): Promise<void> {
    const host = await ensureHost(this.place, act);
    // A revision that is placed already is started as it was: it may be older than today's configuration.
    const known = placed(host, revision.id) !== null;
    const launch = known ? null : await checkOut(await this.#checkoutRequest(revision), act);
    await this.#call('place', { fence: act.fence, revision, launch, instances }, act);
    await this.#waitReady(revision, instances, act);
    await this.#assertAnswers(revision, act);
  }

  async promote({ revision, standbyMs }: { revision: Revision; standbyMs: number }, act: BoundedAct): Promise<void> {
    await ensureHost(this.place, act);
    await this.#call('promote', { fence: act.fence, revisionId: revision.id, standbyMs }, act);
    const answer = await this.#read(act);
    const role = placed(answer, revision.id)?.role;
    if (role !== 'stable' || answer.table.stableId !== revision.id)
      throw changed(`${revision.version} should be stable and is ${role ?? 'absent'}`);
  }

  async retire({ revisionId }: { revisionId: string }, act: BoundedAct): Promise<void> {
    const state = await this.inspect(act.signal);
    if (state.revisions.some((other) => other.revision.id === revisionId)) {
      await ensureHost(this.place, act);
      await this.#call('retire', { fence: act.fence, revisionId }, act);
      await waitUntil(act, async () => (placed(await this.#read(act), revisionId) === null ? true : null));
    }
    const { repositoryDirectory, checkouts } = await this.#checkoutPlace();
    await removeCheckout({ repositoryDirectory, checkouts, revisionId });
  }

  async directUrl(revisionId: string, signal: AbortSignal): Promise<string | null> {
    const port = (await readHost(this.files, signal))?.directPorts[revisionId];
    return port === undefined ? null : `http://127.0.0.1:${port}`;
  }

  async setWeight(
    { revisionId, weightPercent }: { revisionId: string; weightPercent: number },
    act: BoundedAct,
  ): Promise<void> {
    const before = await ensureHost(this.place, act);
    const now = placed(before, revisionId);
    // Only more users ask for proof: taking them away must not depend on the revision that they leave.
    if (now !== null && weightPercent > now.weightPercent) await this.#assertAnswers(now.revision, act);
    await this.#call('weight', { fence: act.fence, revisionId, weightPercent }, act);
    await this.#assertRouted(revisionId, weightPercent, act);
  }

  async drain(
    { revisionId, deadlineMs }: { revisionId: string; deadlineMs: number },
    act: BoundedAct,
  ): Promise<{ cut: number }> {
    const first = await readHost(this.files, act.signal);
    const weight = first === null ? 0 : (placed(first, revisionId)?.weightPercent ?? 0);
    if (weight > 0)
      throw new DeployError('TARGET_REFUSED', {
        reason: `${revisionId} still has ${weight} % of the users`,
        remedy: 'Move its traffic first.',
      });
    const finished = await waitWithin(act, deadlineMs, async () => {
      const answer = await readHost(this.files, act.signal);
      return answer === null || (answer.plainInFlight[revisionId] ?? 0) === 0 ? true : null;
    });
    if (finished === true) return { cut: 0 };
    const { cut } = await this.#call('cut', { fence: act.fence, revisionId }, act);
    return { cut };
  }

  async replaceBatch(
    request: { candidate: Revision; candidateInstances: number; stableInstances: number },
    act: BoundedAct,
  ): Promise<void> {
    const { candidate, candidateInstances, stableInstances } = request;
    const host = await ensureHost(this.place, act);
    const other = counterpart(host, candidate.id);
    // First what is missing, then the traffic, then what is too much: capacity never falls in between.
    await this.#grow(candidate, candidateInstances, act);
    if (other !== null) await this.#grow(other, stableInstances, act);
    const total = candidateInstances + stableInstances;
    const weightPercent = total === 0 ? 0 : Math.round((candidateInstances / total) * unitSlots) / (unitSlots / 100);
    await this.setWeight({ revisionId: candidate.id, weightPercent }, act);
    if (other !== null) await this.#shrink(other, stableInstances, act);
    await this.#shrink(candidate, candidateInstances, act);
  }

  async #grow(revision: Revision, instances: number, act: BoundedAct): Promise<void> {
    const now = placed(await this.#read(act), revision.id);
    if (instances === 0 || (now !== null && readyCount(now) >= instances)) return;
    await this.provision({ revision, instances }, act);
  }

  async #shrink(revision: Revision, instances: number, act: BoundedAct): Promise<void> {
    const now = placed(await this.#read(act), revision.id);
    if (now === null || (now.wantedInstances === instances && now.instances.length === instances)) return;
    await this.#call('scale', { fence: act.fence, revisionId: revision.id, instances }, act);
    await waitUntil(act, async () => {
      const left = placed(await this.#read(act), revision.id)?.instances.length ?? 0;
      return left <= instances ? true : null;
    });
  }

  async #waitReady(revision: Revision, instances: number, act: BoundedAct): Promise<void> {
    await waitUntil(act, async () => {
      const answer = await this.#read(act);
      const now = placed(answer, revision.id);
      if (now !== null && readyCount(now) >= instances) return true;
      if (now !== null && !now.instances.some((instance) => instance.state === 'gave_up')) return null;
      throw new DeployError('PROVISION_FAILED', {
        version: revision.version,
        reason: now === null ? 'the host does not know it any more' : whyNotReady(now),
        excerpt: answer.excerpts[revision.id] ?? '(nothing was logged)',
      });
    });
  }

  /** The revision answers through the proxy's own path, and as itself, before it gets a user. */
  async #assertAnswers(revision: Revision, act: BoundedAct): Promise<void> {
    const url = await this.directUrl(revision.id, act.signal);
    const { path } = this.place.spec.health;
    const answer = await httpRequest({
      url: `${url}${path}`,
      timeoutMs: Math.min(10_000, act.leftMs()),
      signal: act.signal,
    });
    const seen = answer.headers[revisionHeader];
    if (answer.status >= 200 && answer.status < 300 && seen === revision.id) return;
    throw new DeployError('PROVISION_FAILED', {
      version: revision.version,
      reason: `asked for ${path} through the proxy, ${seen ?? 'nobody'} answered with status ${answer.status}`,
      excerpt: '(see its log)',
    });
  }

  async #assertRouted(revisionId: string, weightPercent: number, act: BoundedAct): Promise<void> {
    const answer = await this.#read(act);
    const { stableId, candidateId, candidateSlots } = answer.table;
    const candidatePercent = (candidateSlots / unitSlots) * 100;
    const seen = candidateId === revisionId ? candidatePercent : stableId === revisionId ? 100 - candidatePercent : 0;
    const said = placed(answer, revisionId)?.weightPercent ?? 0;
    if (Math.abs(seen - weightPercent) < 0.006 && said === weightPercent) return;
    throw changed(`the weight should be ${weightPercent} %, the proxy routes ${seen} % and the state says ${said} %`);
  }

  #call<Name extends ControlName>(name: Name, body: ControlRequest<Name>, act: BoundedAct): Promise<HostAnswer> {
    act.assertTime();
    return callHost(this.files, { name, body, signal: act.signal });
  }

  /** A host that died in the middle is started again: it finds its instances and goes on. */
  async #read(act: BoundedAct): Promise<HostAnswer> {
    return (await readHost(this.files, act.signal)) ?? ensureHost(this.place, act);
  }

  async #checkoutRequest(revision: Revision): Promise<CheckoutRequest> {
    const { spec, revisionSpec } = this.#options;
    return { ...(await this.#checkoutPlace()), spec, revisionSpec, revision };
  }

  async #checkoutPlace() {
    const { projectDirectory, spec, repository } = this.#options;
    const known = repository ?? (spec.directory === undefined ? await openRepository(projectDirectory) : null);
    return {
      projectDirectory,
      repositoryDirectory: known?.directory ?? projectDirectory,
      checkouts: this.files.checkouts,
    };
  }
}

function placed(answer: HostAnswer, revisionId: string): PlacedRevision | null {
  return answer.state.revisions.find((other) => other.revision.id === revisionId) ?? null;
}

/** Whose instances come back or go while those of `candidateId` do the opposite. */
function counterpart(answer: HostAnswer, candidateId: string): Revision | null {
  const stable = answer.state.revisions.find((other) => other.role === 'stable');
  if (stable !== undefined && stable.revision.id !== candidateId) return stable.revision;
  return answer.state.revisions.find((other) => other.revision.id === answer.formerStableId)?.revision ?? null;
}

function readyCount(now: PlacedRevision): number {
  return now.instances.filter((instance) => instance.state === 'ready').length;
}

function whyNotReady(now: PlacedRevision): string {
  const failed = now.instances.find((instance) => instance.state === 'gave_up');
  const exit = failed?.lastExit;
  if (exit === null || exit === undefined) return 'it was not ready within the start-up time';
  if (exit.oom) return 'the kernel killed it for want of memory';
  if (exit.signal !== null)
    return `it was not ready in time or ended by ${exit.signal}, ${failed?.restarts ?? 0} restarts`;
  return `it ended with exit code ${exit.code ?? 'unknown'}, also after ${failed?.restarts ?? 0} restarts`;
}

function changed(reason: string): DeployError {
  return new DeployError('TARGET_CHANGED', { reason });
}
