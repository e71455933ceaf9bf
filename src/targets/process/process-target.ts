import { boundedCalls } from '../../local-host/bounded-calls.ts';
import { revisionHeader } from '../../local-host/host/forwarded-headers.ts';
import { readFrames, readHost } from '../../local-host/host/host-client.ts';
import { unitSlots } from '../../local-host/host/unit-hash.ts';
import { createHostDeadMan } from '../../local-host/host-dead-man.ts';
import { noteHostPlace } from '../../local-host/host-place.ts';
import { listenAddress } from '../../local-host/host-spec-of.ts';
import { findPlaced, LocalInstances, type LocalInstancesOptions } from '../../local-host/local-instances.ts';
import { type BatchRequest, replaceBatch } from '../../local-host/replace-batch.ts';
import type { ProcessTargetSpec } from '../../model/config/target.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { Revision } from '../../model/revision.ts';
import type { Target } from '../../model/target.ts';
import { type BoundedAct, waitWithin } from '../../system/bounded-act.ts';

export type ProcessTargetOptions = Omit<LocalInstancesOptions, 'spec' | 'listen' | 'cookie'> & {
  spec: ProcessTargetSpec;
  /** Where users reach the service; plain http. */
  url: string;
};

/** Names the place by its address, so that two checkouts of a project share its lock. Throws TARGET_REFUSED. Pure. */
export function processTargetIdentity(url: string): string {
  const { host, port } = listenAddress(url);
  return `process:${host}:${port}`;
}

/** Processes of this machine behind seatrial's own proxy. Nothing is started or written before the first changing call. */
export function createProcessTarget(options: ProcessTargetOptions): Target {
  const driver = new ProcessDriver(options);
  const target: Target = {
    kind: 'process',
    identity: processTargetIdentity(options.url),
    url: options.url,
    revisionHeader,
    inspect: (signal) => driver.instances.inspect(signal),
    ...boundedCalls(driver),
    candidateUrl: (revisionId, signal) => driver.instances.directUrl(revisionId, signal),
    feed: { frames: (request) => readFrames(driver.instances.files, request) },
    deadMan: createHostDeadMan(driver.instances),
  };
  noteHostPlace(target, driver.instances.place);
  return target;
}

class ProcessDriver {
  readonly instances: LocalInstances;

  constructor({ url, ...options }: ProcessTargetOptions) {
    this.instances = new LocalInstances({ ...options, listen: listenAddress(url), cookie: options.spec.cookie });
  }

  provision(request: { revision: Revision; instances: number }, act: BoundedAct): Promise<void> {
    return this.instances.provision(request, act);
  }

  retire(request: { revisionId: string }, act: BoundedAct): Promise<void> {
    return this.instances.retire(request, act);
  }

  async promote({ revision, standbyMs }: { revision: Revision; standbyMs: number }, act: BoundedAct): Promise<void> {
    await this.instances.ensure(act);
    await this.instances.call('promote', { fence: act.fence, revisionId: revision.id, standbyMs }, act);
    const answer = await this.instances.read(act);
    const role = findPlaced(answer, revision.id)?.role;
    if (role !== 'stable' || answer.table.stableId !== revision.id)
      throw changed(`${revision.version} should be stable and is ${role ?? 'absent'}`);
  }

  async setWeight(
    { revisionId, weightPercent }: { revisionId: string; weightPercent: number },
    act: BoundedAct,
  ): Promise<void> {
    const before = await this.instances.ensure(act);
    const now = findPlaced(before, revisionId);
    // Only more users ask for proof: taking them away must not depend on the revision that they leave.
    if (now !== null && weightPercent > now.weightPercent) await this.instances.assertAnswers(now.revision, act);
    await this.instances.call('weight', { fence: act.fence, revisionId, weightPercent }, act);
    await this.#assertRouted(revisionId, weightPercent, act);
  }

  async drain(
    { revisionId, deadlineMs }: { revisionId: string; deadlineMs: number },
    act: BoundedAct,
  ): Promise<{ cut: number }> {
    const first = await readHost(this.instances.files, act.signal);
    const weight = first === null ? 0 : (findPlaced(first, revisionId)?.weightPercent ?? 0);
    if (weight > 0)
      throw new DeployError('TARGET_REFUSED', {
        reason: `${revisionId} still has ${weight} % of the users`,
        remedy: 'Move its traffic first.',
      });
    const finished = await waitWithin(act, deadlineMs, async () => {
      const answer = await readHost(this.instances.files, act.signal);
      return answer === null || (answer.plainInFlight[revisionId] ?? 0) === 0 ? true : null;
    });
    if (finished === true) return { cut: 0 };
    const { cut } = await this.instances.call('cut', { fence: act.fence, revisionId }, act);
    return { cut };
  }

  replaceBatch(request: BatchRequest, act: BoundedAct): Promise<void> {
    return replaceBatch(
      this.instances,
      {
        provision: (wanted, bounded) => this.instances.provision(wanted, bounded),
        setWeight: (wanted, bounded) => this.setWeight(wanted, bounded),
        // The host's own proxy lets them finish.
        shrink: ({ revision }, instances, bounded) =>
          this.instances.scale({ revisionId: revision.id, instances }, bounded),
      },
      { request, act },
    );
  }

  async #assertRouted(revisionId: string, weightPercent: number, act: BoundedAct): Promise<void> {
    const answer = await this.instances.read(act);
    const { stableId, candidateId, candidateSlots } = answer.table;
    const candidatePercent = (candidateSlots / unitSlots) * 100;
    const seen = candidateId === revisionId ? candidatePercent : stableId === revisionId ? 100 - candidatePercent : 0;
    const said = findPlaced(answer, revisionId)?.weightPercent ?? 0;
    if (Math.abs(seen - weightPercent) < 0.006 && said === weightPercent) return;
    throw changed(`the weight should be ${weightPercent} %, the proxy routes ${seen} % and the state says ${said} %`);
  }
}

function changed(reason: string): DeployError {
  return new DeployError('TARGET_CHANGED', { reason });
}
