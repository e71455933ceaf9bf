import type { InstanceSpec, RevisionSpec } from '../model/config/target.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Revision } from '../model/revision.ts';
import type { PlacedRevision, TargetState } from '../model/target.ts';
import { type BoundedAct, waitUntil } from '../system/bounded-act.ts';
import { openRepository, type Repository } from '../system/git.ts';
import { httpRequest } from '../system/http.ts';
import { type CheckoutRequest, checkOut, removeCheckout } from './checkout.ts';
import { ensureHost } from './ensure-host.ts';
import type { ControlName, ControlRequest, HostAnswer } from './host/control-protocol.ts';
import { revisionHeader } from './host/forwarded-headers.ts';
import { callHost, readHost } from './host/host-client.ts';
import { type HostFiles, hostFiles } from './host/host-files.ts';
import type { HostSpec } from './host/host-spec.ts';
import type { HostPlace } from './host-place.ts';
import { hostSpecOf } from './host-spec-of.ts';
import { readRecordedState } from './recorded-state.ts';

export type LocalInstancesOptions = {
  spec: InstanceSpec;
  revisionSpec: RevisionSpec;
  /** Where the host takes users' requests itself; null when another program routes them to the instances. */
  listen: HostSpec['listen'];
  cookie: string;
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

/** Revisions as processes of this machine, looked after by the local host. Nothing is started or written before the first changing call. */
export class LocalInstances {
  readonly files: HostFiles;
  readonly place: HostPlace;
  readonly #options: LocalInstancesOptions;

  constructor(options: LocalInstancesOptions) {
    this.#options = options;
    this.files = hostFiles(options.hostDirectory);
    this.place = { files: this.files, spec: hostSpecOf(options), launchHost: options.launchHost };
  }

  /** What the host says, or what it wrote down last when it is down. */
  async inspect(signal: AbortSignal): Promise<TargetState> {
    return (await readHost(this.files, signal))?.state ?? readRecordedState(this.files);
  }

  /** The running host; starts it when there is none. */
  ensure(act: BoundedAct): Promise<HostAnswer> {
    return ensureHost(this.place, act);
  }

  /** A host that died in the middle is started again: it finds its instances and goes on. */
  async read(act: BoundedAct): Promise<HostAnswer> {
    return (await readHost(this.files, act.signal)) ?? ensureHost(this.place, act);
  }

  call<Name extends ControlName>(name: Name, body: ControlRequest<Name>, act: BoundedAct): Promise<HostAnswer> {
    act.assertTime();
    return callHost(this.files, { name, body, signal: act.signal });
  }

  /** The instances are ready and answer as this revision. Throws PROVISION_FAILED with the last words of one that is not. */
  async provision({ revision, instances }: { revision: Revision; instances: number }, act: BoundedAct): Promise<void> {
    const host = await this.ensure(act);
    // A revision that is placed already is started as it was: it may be older than today's configuration.
    const known = findPlaced(host, revision.id) !== null;
    const launch = known ? null : await checkOut(await this.#checkoutRequest(revision), act);
    await this.call('place', { fence: act.fence, revision, launch, instances }, act);
    await this.#waitReady(revision, instances, act);
    await this.assertAnswers(revision, act);
  }

  /** Exactly so many instances are left; those named go first. */
  async scale(request: { revisionId: string; instances: number; leaving?: string[] }, act: BoundedAct): Promise<void> {
    const { revisionId, instances } = request;
    await this.call('scale', { fence: act.fence, ...request }, act);
    await waitUntil(act, async () => {
      const left = findPlaced(await this.read(act), revisionId)?.instances.length ?? 0;
      return left <= instances ? true : null;
    });
  }

  /** No instance and no file of the revision is left. */
  async retire({ revisionId }: { revisionId: string }, act: BoundedAct): Promise<void> {
    const state = await this.inspect(act.signal);
    if (state.revisions.some((other) => other.revision.id === revisionId)) {
      await this.ensure(act);
      await this.call('retire', { fence: act.fence, revisionId }, act);
      await waitUntil(act, async () => {
        const answer = await this.read(act);
        const left = findPlaced(answer, revisionId);
        if (left !== null) assertEnding(left, answer);
        return left === null ? true : null;
      });
    }
    const { repositoryDirectory, checkouts } = await this.#checkoutPlace();
    await removeCheckout({ repositoryDirectory, checkouts, revisionId });
  }

  /** Reaches only this revision, through the host's own proxy; null when it is not here. */
  async directUrl(revisionId: string, signal: AbortSignal): Promise<string | null> {
    const port = (await readHost(this.files, signal))?.directPorts[revisionId];
    return port === undefined ? null : `http://127.0.0.1:${port}`;
  }

  /** The revision answers through the proxy's own path, and as itself, before it gets a user. */
  async assertAnswers(revision: Revision, act: BoundedAct): Promise<void> {
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

  async #waitReady(revision: Revision, instances: number, act: BoundedAct): Promise<void> {
    await waitUntil(act, async () => {
      const answer = await this.read(act);
      const now = findPlaced(answer, revision.id);
      if (now !== null && readyCount(now) >= instances) return true;
      if (now !== null && !now.instances.some((instance) => instance.state === 'gave_up')) return null;
      throw new DeployError('PROVISION_FAILED', {
        version: revision.version,
        reason: now === null ? 'the host does not know it any more' : whyNotReady(now),
        excerpt: answer.excerpts[revision.id] ?? '(nothing was logged)',
      });
    });
  }

  async #checkoutRequest(revision: Revision): Promise<CheckoutRequest> {
    const { spec, revisionSpec, service, environment } = this.#options;
    return { ...(await this.#checkoutPlace()), spec, revisionSpec, revision, service, environment };
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

export function findPlaced({ state }: { state: TargetState }, revisionId: string): PlacedRevision | null {
  return state.revisions.find((other) => other.revision.id === revisionId) ?? null;
}

export function readyCount(now: PlacedRevision): number {
  return now.instances.filter((instance) => instance.state === 'ready').length;
}

/** Throws TARGET_REFUSED with its last words when an instance that is being ended for good could not be. */
function assertEnding({ revision, instances }: PlacedRevision, { excerpts }: HostAnswer): void {
  const left = instances.find((instance) => instance.state === 'gave_up');
  if (left === undefined) return;
  throw new DeployError('TARGET_REFUSED', {
    reason: `${left.id} of ${revision.version} could not be ended: ${excerpts[revision.id] ?? '(see its log)'}`,
    remedy: 'End it by hand, then try again.',
  });
}

function whyNotReady(now: PlacedRevision): string {
  const failed = now.instances.find((instance) => instance.state === 'gave_up');
  const exit = failed?.lastExit;
  if (exit === null || exit === undefined) return 'it was not ready within the start-up time';
  if (exit.oom) return 'the kernel killed it for want of memory';
  if (exit.signal !== null)
    return `it was not ready in time or ended by ${exit.signal}, ${failed?.restarts ?? 0} restarts`;
  if (exit.code === null)
    return `it could not be started or ended by itself, also after ${failed?.restarts ?? 0} restarts`;
  return `it ended with exit code ${exit.code}, also after ${failed?.restarts ?? 0} restarts`;
}
