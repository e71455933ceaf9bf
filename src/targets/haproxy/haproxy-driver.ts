import { createHash } from 'node:crypto';
import type { ControlRequest, HostAnswer } from '../../local-host/host/control-protocol.ts';
import { findPlaced, type LocalInstances } from '../../local-host/local-instances.ts';
import { type BatchRequest, replaceBatch } from '../../local-host/replace-batch.ts';
import type { HaproxyTargetSpec } from '../../model/config/target.ts';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import type { Revision } from '../../model/revision.ts';
import type { ForeignChanges, PlacedRevision, RevisionTotals, TargetState } from '../../model/target.ts';
import { type BoundedAct, waitUntil } from '../../system/bounded-act.ts';
import { applyWanted, awaitChecks, drainServers } from './apply-wanted.ts';
import { describeAuthor, differences, renderReload } from './compare-engine.ts';
import type { FragmentSettings } from './config-fragment.ts';
import { parseKeys, type SlotRevisions } from './engine-keys.ts';
import type { EngineRecordFile } from './engine-record.ts';
import { describeEngineState, weightIn } from './engine-state.ts';
import { type EngineView, readEngine, shareOf, slotOf } from './engine-view.ts';
import { isSameWorker, type ProcessInfo } from './parse-process-info.ts';
import { planWanted, portsOf, type WantedEngine } from './plan-wanted.ts';
import { changed, hasUsers, refuseUsers, tooFewPlaces } from './refusals.ts';
import type { RuntimeApi } from './runtime-api.ts';
import { percentOf, type Slot } from './split-value.ts';
import { createTotalsMemory } from './traffic-totals.ts';

export type HaproxyDriverOptions = {
  spec: HaproxyTargetSpec;
  instances: LocalInstances;
  api: RuntimeApi;
  settings: FragmentSettings;
  record: EngineRecordFile;
};

/** What one who settles knows already. */
type Given = {
  view?: EngineView;
  host?: HostAnswer;
  /** That a change has begun is being written down. */
  begun?: Promise<void>;
  /** Ports of instances that are about to be stopped: they finish what they have and get nothing more. */
  leaving?: readonly number[] | undefined;
};

/** For so often a change is made again when HAProxy was reloaded in its middle. */
const mostAttempts = 5;

/**
 * The local host says which revisions there are, who is stable and who should have which users; HAProxy is made to route so,
 * and asked what it does. Each change is decided there first and then carried out here, so that a repetition finishes it.
 */
export class HaproxyDriver {
  readonly #options: HaproxyDriverOptions;
  readonly #tellTotals = createTotalsMemory();
  /** That the last look for foreign changes saw. */
  #worker: ProcessInfo | null = null;

  constructor(options: HaproxyDriverOptions) {
    this.#options = options;
  }

  async inspect(signal: AbortSignal): Promise<TargetState> {
    const { instances, api, settings, record } = this.#options;
    const { a, b } = settings.backends;
    const [host, view, stats, known] = await Promise.all([
      instances.inspect(signal),
      this.#look(signal),
      api.stat(a, signal).then(async (rows) => [...rows, ...(await api.stat(b, signal))]),
      record.read(),
    ]);
    return describeEngineState(host, { view, stats, cut: known.cut });
  }

  /** Of every revision that has a slot. */
  async readTotals(signal: AbortSignal): Promise<ReadonlyMap<string, RevisionTotals>> {
    const { api, settings } = this.#options;
    const view = await this.#look(signal);
    const told = new Map<string, RevisionTotals>();
    for (const slot of ['a', 'b'] as const) {
      const revisionId = view.keys.slots[slot];
      if (revisionId === null) continue;
      const backend = (await api.stat(settings.backends[slot], signal)).find((row) => row.server === null);
      const totals = backend === undefined ? null : this.#tellTotals(view, revisionId, backend);
      if (totals !== null) told.set(revisionId, totals);
    }
    return told;
  }

  async provision(request: { revision: Revision; instances: number }, act: BoundedAct): Promise<void> {
    const { instances, spec, api, settings } = this.#options;
    const { revision } = request;
    if (request.instances > spec.places) throw tooFewPlaces(spec, request.instances);
    const view = await this.#begin(act, { raises: true });
    await instances.provision(request, act);
    await this.#takeSlot(revision.id, view, act);
    const slot = slotOf(await this.#look(act.signal), revision.id);
    if (slot === null) throw changed(`${revision.version} has lost its slot`);
    const servers = (await this.#look(act.signal)).servers[slot].filter((one) => one.admin !== 'maint');
    await awaitChecks(api, servers.length === 0 ? [{ backend: settings.backends[slot], server: '' }] : servers, act);
  }

  async setWeight(
    { revisionId, weightPercent }: { revisionId: string; weightPercent: number },
    act: BoundedAct,
  ): Promise<void> {
    const { instances } = this.#options;
    if (weightPercent === 0) return this.#takeUsersOff(revisionId, act);
    const before = await instances.ensure(act);
    const now = findPlaced(before, revisionId);
    const raises = now !== null && weightPercent > now.weightPercent;
    const request = { fence: act.fence, revisionId, weightPercent };
    if (raises) {
      // Only more users ask for proof: taking them away must not depend on the revision that they leave.
      await instances.assertAnswers(now.revision, act);
      const slots = await this.#takeSlot(revisionId, await this.#begin(act, { raises }), act);
      await instances.call('weight', request, act);
      await this.#settle(slots, act);
    } else {
      const view = await this.#begin(act, { raises });
      const host = await instances.call('weight', request, act);
      await this.#settle(view.keys.slots, act, { view, host });
    }
    await this.#assertRouted(revisionId, weightPercent, act);
  }

  /** Waits only for the two that decide whether it may be done: the local host, and HAProxy. */
  async #takeUsersOff(revisionId: string, act: BoundedAct): Promise<void> {
    const request = { fence: act.fence, revisionId, weightPercent: 0 };
    const looking = this.#assertMine(act, { raises: false });
    // Should this be lost, the next owner finds no users on the candidate, and that is no harm.
    const begun = looking.then(() => this.#begun());
    begun.catch(() => undefined);
    const [view, host] = await Promise.all([looking, this.#callAnyHow(request, act)]);
    await this.#settle(view.keys.slots, act, { view, host, begun });
    await this.#assertRouted(revisionId, 0, act);
  }

  /** A host that is down is started first; one that runs is not asked twice. */
  async #callAnyHow(request: ControlRequest<'weight'>, act: BoundedAct): Promise<HostAnswer> {
    const { instances } = this.#options;
    try {
      return await instances.call('weight', request, act);
    } catch (thrown) {
      if (toDeployError(thrown).code !== 'TARGET_UNREACHABLE') throw thrown;
      await instances.ensure(act);
      return instances.call('weight', request, act);
    }
  }

  async promote({ revision, standbyMs }: { revision: Revision; standbyMs: number }, act: BoundedAct): Promise<void> {
    const { instances } = this.#options;
    await instances.ensure(act);
    const view = await this.#begin(act, { raises: true });
    if (findPlaced(await instances.read(act), revision.id) === null)
      throw new DeployError('TARGET_REFUSED', {
        reason: `there is no revision ${revision.id}`,
        remedy: 'Provision it first.',
      });
    const slots = await this.#takeSlot(revision.id, view, act);
    const answer = await instances.call('promote', { fence: act.fence, revisionId: revision.id, standbyMs }, act);
    const role = findPlaced(answer, revision.id)?.role;
    if (role !== 'stable') throw changed(`${revision.version} should be stable and is ${role ?? 'absent'}`);
    await this.#settle(slots, act);
    await this.#assertRouted(revision.id, 100, act);
  }

  replaceBatch(request: BatchRequest, act: BoundedAct): Promise<void> {
    return replaceBatch(
      this.#options.instances,
      {
        provision: (wanted, bounded) => this.provision(wanted, bounded),
        setWeight: (wanted, bounded) => this.setWeight(wanted, bounded),
        shrink: (placed, instances, bounded) => this.#shrink(placed, instances, bounded),
      },
      { request, act },
    );
  }

  async #shrink(placed: PlacedRevision, instances: number, act: BoundedAct): Promise<void> {
    const view = await this.#begin(act, { raises: false });
    const going = placed.instances.slice(instances);
    await this.#settle(view.keys.slots, act, { view, leaving: portsOf({ ...placed, instances: going }) });
    const leaving = going.map(({ id }) => id);
    await this.#options.instances.scale({ revisionId: placed.revision.id, instances, leaving }, act);
    await this.#settle(view.keys.slots, act);
  }

  async drain(
    { revisionId, deadlineMs }: { revisionId: string; deadlineMs: number },
    act: BoundedAct,
  ): Promise<{ cut: number }> {
    const view = await this.#look(act.signal);
    const slot = slotOf(view, revisionId);
    if (slot === null) return { cut: 0 };
    refuseUsers(view, slot, revisionId);
    const servers = view.servers[slot].filter((one) => one.admin !== 'maint');
    for (const server of servers)
      if (server.admin === 'ready') await this.#options.api.setState(server, 'drain', act.signal);
    const cut = await drainServers(this.#options.api, servers, { drainMs: Math.min(deadlineMs, act.leftMs()), act });
    await this.#noteCut(cut);
    return { cut };
  }

  async retire({ revisionId }: { revisionId: string }, act: BoundedAct): Promise<void> {
    const { instances } = this.#options;
    const host = await instances.inspect(act.signal);
    const view = await this.#begin(act, { raises: false });
    const slot = slotOf(view, revisionId);
    if (slot !== null) {
      refuseUsers(view, slot, revisionId);
      const weight = findPlaced({ state: host }, revisionId)?.weightPercent ?? 0;
      if (weight > 0) throw hasUsers(revisionId, weight);
      await this.#settle(withoutSlot(view.keys.slots, slot), act);
    }
    await instances.retire({ revisionId }, act);
    await this.#finish();
  }

  /** What is found while a change of our own is under way, in this process or in another one, is nobody else's. */
  async lookForForeign(signal: AbortSignal): Promise<ForeignChanges> {
    const { record, spec } = this.#options;
    const before = await record.read();
    const view = await this.#look(signal);
    const { left, settled } = await record.read();
    const nothing = { changes: [], by: '', reloaded: null };
    if (view.worker.stopping) return nothing;
    const [former, now] = [this.#worker, view.worker];
    this.#worker = now;
    const reloaded = former === null || isSameWorker(former, now) ? null : renderReload(former, now);
    const ours = !settled || left === null || JSON.stringify(before) !== JSON.stringify({ ...before, left, settled });
    if (ours) return { ...nothing, reloaded };
    return { changes: differences(view, left), by: describeAuthor({ view, left, reloaded, spec }), reloaded };
  }

  /** As it was left, and as the local host wants it. Not a change of ours: should it be cut short, the rest is still foreign. */
  async restore(act: BoundedAct): Promise<void> {
    const { left } = await this.#options.record.read();
    const view = await this.#assertMine(act, { raises: false });
    // The keys of the slots may be what was changed.
    await this.#settle(left === null ? view.keys.slots : parseKeys(left.entries).slots, act);
  }

  #look(signal: AbortSignal): Promise<EngineView> {
    return readEngine(this.#options.api, this.#options.settings, signal);
  }

  /** From here on until `#finish` what is found is our own unfinished work. */
  async #begin(act: BoundedAct, change: { raises: boolean }): Promise<EngineView> {
    const view = await this.#assertMine(act, change);
    await this.#begun();
    return view;
  }

  /** May this owner act, and is HAProxy as it was left? Throws TARGET_FENCED, TARGET_CHANGED. */
  async #assertMine(act: BoundedAct, { raises }: { raises: boolean }): Promise<EngineView> {
    const { record, spec } = this.#options;
    const [view, known] = await Promise.all([this.#look(act.signal), record.read()]);
    const seen = view.keys.fence;
    if (act.fence < seen) throw new DeployError('TARGET_FENCED', { seen, fence: act.fence });
    const foreign = known.settled && known.left !== null ? differences(view, known.left) : [];
    if (foreign.length > 0 && raises && spec.onForeignChange === 'abort')
      throw changed(`somebody else has changed HAProxy: ${foreign.slice(0, 3).join('; ')}`);
    return view;
  }

  async #begun(): Promise<void> {
    const { record } = this.#options;
    await record.write({ ...(await record.read()), settled: false });
  }

  /** A slot for the revision: the one that it has, else the one that has no users, which is emptied first. */
  async #takeSlot(revisionId: string, view: EngineView, act: BoundedAct): Promise<SlotRevisions> {
    if (slotOf(view, revisionId) !== null) {
      await this.#settle(view.keys.slots, act);
      return view.keys.slots;
    }
    const host = await this.#options.instances.read(act);
    const slot = chooseSlot(view, host);
    if (slot === null)
      throw new DeployError('TARGET_REFUSED', {
        reason: 'both slots have users; one revision at a time',
        remedy: 'Look at `seatrial host status`, then make a new plan.',
      });
    if (view.keys.slots[slot] !== null) await this.#settle(withoutSlot(view.keys.slots, slot), act);
    const slots = { ...view.keys.slots, [slot]: revisionId };
    await this.#settle(slots, act);
    return slots;
  }

  /** HAProxy routes as the local host says, and has been asked whether it does. */
  async #settle(slots: SlotRevisions, act: BoundedAct, given: Given = {}): Promise<void> {
    const { api, settings, spec, instances } = this.#options;
    let left: string[] = [];
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      act.assertTime();
      const known = attempt === 0 ? given : {};
      const view = known.view ?? (await this.#look(act.signal));
      const host = known.host ?? (await instances.read(act));
      const wanted = this.#wanted(host, { slots, view, act, leaving: given.leaving });
      try {
        const cut = await applyWanted({ api, settings }, { view, wanted, drainMs: spec.drain }, act);
        await given.begun;
        await this.#noteCut(cut);
      } catch (thrown) {
        if (toDeployError(thrown).code !== 'TARGET_UNREACHABLE' || attempt + 1 === mostAttempts) throw thrown;
        await waitUntil(act, async () =>
          api.info(act.signal).then(
            (info) => (info.stopping ? null : true),
            () => null,
          ),
        );
        continue;
      }
      const after = await this.#look(act.signal);
      left = differences(after, wanted);
      if (left.length === 0 && isSameWorker(view.worker, after.worker) && !after.worker.stopping)
        return this.#finish(wanted);
    }
    throw changed(`HAProxy does not keep what it is told: ${left.slice(0, 3).join('; ')}`);
  }

  #wanted(
    { state }: HostAnswer,
    { slots, view, act, leaving }: { slots: SlotRevisions; view: EngineView; act: BoundedAct } & Pick<Given, 'leaving'>,
  ): WantedEngine {
    const known = (revisionId: string | null): string | null =>
      state.revisions.some(({ revision }) => revision.id === revisionId) ? revisionId : null;
    const plan = planWanted({
      revisions: state.revisions,
      slots: { a: known(slots.a), b: known(slots.b) },
      fence: Math.max(act.fence, view.keys.fence),
      view,
      leaving,
      saltOf,
    });
    if (!plan.ok) throw tooFewPlaces(this.#options.spec, plan.instances);
    return plan.wanted;
  }

  async #finish(left?: WantedEngine): Promise<void> {
    const { record } = this.#options;
    const known = await record.read();
    await record.write({ ...known, settled: true, left: left ?? known.left });
  }

  async #noteCut(cut: number): Promise<void> {
    if (cut === 0) return;
    const { record } = this.#options;
    const known = await record.read();
    await record.write({ ...known, cut: known.cut + cut });
  }

  async #assertRouted(revisionId: string, weightPercent: number, act: BoundedAct): Promise<void> {
    const view = await this.#look(act.signal);
    const placed = findPlaced(await this.#options.instances.read(act), revisionId);
    const seen = placed === null ? 0 : weightIn(view, placed);
    if (Math.abs(seen - weightPercent) < 0.006) return;
    throw changed(`the weight should be ${weightPercent} %, HAProxy routes ${seen} %`);
  }
}

/** The slot without a revision, else one whose revision has no users and is not the stable one. */
function chooseSlot(view: EngineView, { state }: HostAnswer): Slot | null {
  const order: Slot[] = view.split !== null && percentOf('b', view.split) > 50 ? ['a', 'b'] : ['b', 'a'];
  const empty = order.find((slot) => view.keys.slots[slot] === null);
  if (empty !== undefined && shareOf(view, empty) === 0) return empty;
  const idle = order.find((slot) => {
    const placed = state.revisions.find(({ revision }) => revision.id === view.keys.slots[slot]);
    return (
      shareOf(view, slot) === 0 && (placed === undefined || (placed.role !== 'stable' && placed.weightPercent === 0))
    );
  });
  return idle ?? null;
}

function withoutSlot(slots: SlotRevisions, slot: Slot): SlotRevisions {
  return { ...slots, [slot]: null };
}

/** The same units are drawn as long as the revision is the candidate, and others for another one. */
function saltOf(revisionId: string): string {
  return createHash('sha256').update(revisionId).digest('hex').slice(0, 16);
}
