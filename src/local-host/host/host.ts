import { randomBytes } from 'node:crypto';
import type { DeadManFired } from '../../model/dead-man.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { writeFileAtomic } from '../../system/files.ts';
import type { ProcessIdentity } from '../../system/process-identity.ts';
import type { ControlRequest, HostAnswer } from './control-protocol.ts';
import { DeadMan, type DeadManHost } from './dead-man.ts';
import { withUsersBack } from './dead-man-changes.ts';
import type { Instant } from './decide-dead-man.ts';
import { describeState } from './described-state.ts';
import { Doors } from './doors.ts';
import { EventLog } from './event-log.ts';
import type { HostFiles } from './host-files.ts';
import type { HostSpec } from './host-spec.ts';
import { emptyRoutingState, type HostState, type Placement, type RoutingState } from './host-state.ts';
import { HostStore } from './host-store.ts';
import { cutWhere, plainRequests } from './open-requests.ts';
import { RevisionPool } from './revision-pool.ts';
import * as changes from './routing-changes.ts';
import { emptyTable, type RoutedRevision, type RoutingTable } from './routing-table.ts';
import { TrafficCounter } from './traffic-counter.ts';
import { TrafficProxy } from './traffic-proxy.ts';
import { unitSlots } from './unit-hash.ts';
import { UnroutedSince } from './unrouted-since.ts';

export type HostOptions = {
  files: HostFiles;
  spec: HostSpec;
  /** What an earlier host wrote down; null for a new one. */
  recorded: HostState | null;
  /** This process, for whoever starts it again. */
  identity: ProcessIdentity;
  /** What a dead-man rollback does beside this host. */
  programs: Pick<DeadManHost, 'launchGuard' | 'run' | 'launch' | 'end'>;
  warn: (message: string) => void;
};

/** For so long after its start users wait for an instance instead of being told that there is none. */
const heldAtMostMs = 2000;

/** Keeps the instances of all revisions and routes users to them. Everything it is asked names a wanted state. */
export class Host {
  readonly counter = new TrafficCounter();
  readonly events = new EventLog();
  readonly deadMan: DeadMan;
  readonly #options: HostOptions;
  readonly #proxy: TrafficProxy;
  readonly #store: HostStore;
  readonly #pools = new Map<string, RevisionPool>();
  readonly #doors: Doors;
  readonly #unrouted = new UnroutedSince();
  #spec: HostSpec;
  #routing: RoutingState;
  #table: RoutingTable = emptyTable;
  #cut: number;
  #down = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#spec = options.spec;
    this.#routing = options.recorded?.routing ?? emptyRoutingState(randomBytes(8).toString('hex'));
    this.#cut = options.recorded?.cut ?? 0;
    this.#proxy = new TrafficProxy({ table: () => this.#table, counter: this.counter, spec: () => this.#spec });
    this.#doors = new Doors((revisionId) => this.#proxy.createServer(revisionId));
    this.#store = new HostStore(options.files.state, () => this.#snapshot());
    const { recorded, programs, warn } = options;
    const routedElsewhere = (): boolean => this.#spec.listen === null;
    const takeBack: DeadManHost['takeBack'] = (order, patient) => this.#takeBack(order, patient);
    const save = (): Promise<void> => this.#store.save();
    this.deadMan = new DeadMan(
      { ...programs, takeBack, routedElsewhere, save, warn },
      recorded?.deadMan ?? null,
      instant(),
    );
  }

  get spec(): HostSpec {
    return this.#spec;
  }

  /** Takes the port, finds what an earlier host left running, restores the routing, and starts what is missing. */
  async open(): Promise<void> {
    // Who owns the port must be known before anything is started; users who come early wait until somebody can answer.
    this.#proxy.hold();
    await this.#doors.openToUsers(this.#spec.listen);
    setTimeout(() => this.#proxy.release(), heldAtMostMs).unref();
    for (const placement of this.#routing.placements) {
      const pool = this.#pool(placement);
      await this.#doors.openTo(placement.revision.id, this.#options.recorded?.directPorts[placement.revision.id]);
      await pool.adopt(this.#options.recorded?.instances[placement.revision.id] ?? []);
    }
    this.#rebuild();
    for (const placement of this.#routing.placements) this.#settle(placement);
    await this.#store.save();
  }

  /** Port that users reach. */
  get port(): number | null {
    return this.#doors.port;
  }

  answer(cut = 0): HostAnswer {
    const { stableId, candidateId, candidateSlots } = this.#table;
    const plain = [...this.#pools].map(([id, pool]) => [id, plainRequests(pool)] as const);
    return {
      pid: process.pid,
      spec: this.#spec,
      state: describeState(this.#routing, {
        up: !this.#down,
        cut: this.#cut,
        seen: (id) => ({
          instances: this.#pools.get(id)?.describe() ?? [],
          inFlight: this.#pools.get(id)?.inFlight ?? 0,
        }),
      }),
      directPorts: this.#doors.directPorts(),
      formerStableId: this.#routing.formerStableId,
      table: { stableId, candidateId, candidateSlots },
      plainInFlight: Object.fromEntries(plain.map(([id, requests]) => [id, requests.length])),
      excerpts: this.events.lastExcerpts(),
      cut,
      deadMan: this.deadMan.read(),
    };
  }

  inFlight(): { revisionId: string; count: number }[] {
    return [...this.#pools].map(([revisionId, pool]) => ({ revisionId, count: pool.inFlight }));
  }

  async place(request: ControlRequest<'place'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => changes.withPlacement(state, request));
    const placement = changes.findPlacement(this.#routing, request.revision.id);
    if (placement !== null) {
      this.#pool(placement);
      await this.#doors.openTo(request.revision.id, this.#options.recorded?.directPorts[request.revision.id]);
      this.#settle(placement);
    }
    return this.#saved();
  }

  async scale(request: ControlRequest<'scale'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => changes.withScale(state, request));
    const placement = changes.findPlacement(this.#routing, request.revisionId);
    if (placement !== null) this.#settle(placement, request.leaving);
    return this.#saved();
  }

  async weight(request: ControlRequest<'weight'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => changes.withWeight(state, request, this.#readiness()));
    return this.answer();
  }

  async promote(request: ControlRequest<'promote'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => changes.withPromotion(state, request, this.#readiness()));
    return this.answer();
  }

  async retire(request: ControlRequest<'retire'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => changes.withRetirement(state, request));
    const placement = changes.findPlacement(this.#routing, request.revisionId);
    if (placement !== null) this.#settle(placement);
    return this.answer();
  }

  /** What is armed is on the disk when this is answered. */
  async arm(request: ControlRequest<'arm'>): Promise<HostAnswer> {
    this.#routing = changes.withFence(this.#routing, request.fence);
    const undo = this.deadMan.arm(request, instant());
    try {
      await this.#store.save();
    } catch (thrown) {
      undo();
      throw unwritable(thrown);
    }
    void this.deadMan.look(instant());
    return this.answer();
  }

  async renew(request: ControlRequest<'renew'>): Promise<HostAnswer> {
    changes.withFence(this.#routing, request.fence);
    this.deadMan.renew(request, instant());
    return this.answer();
  }

  async disarm(request: ControlRequest<'disarm'>): Promise<HostAnswer> {
    this.#routing = changes.withFence(this.#routing, request.fence);
    this.deadMan.disarm();
    return this.#saved();
  }

  async cutRequests(request: ControlRequest<'cut'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => state);
    const weight = changes.weightOf(this.#routing, request.revisionId);
    if (weight > 0) throw new DeployError('TARGET_REFUSED', { reason: `${request.revisionId} still has ${weight} %` });
    const pool = this.#pools.get(request.revisionId);
    const cut = pool === undefined ? 0 : cutWhere(pool, (stream) => !stream);
    this.#noteCut(cut);
    return this.#saved(cut);
  }

  /** Takes over other times and limits at once. The address cannot be changed while it is in use. */
  async changeSpec(request: ControlRequest<'spec'>): Promise<HostAnswer> {
    await this.#change(request.fence, (state) => state);
    const { listen } = this.#spec;
    if (request.spec.listen?.host !== listen?.host || request.spec.listen?.port !== listen?.port) {
      const where = listen === null ? 'for nobody' : `on ${listen.host}:${listen.port}`;
      throw new DeployError('TARGET_REFUSED', { reason: `the host listens ${where}; take it down first` });
    }
    await writeFileAtomic(this.#options.files.spec, `${JSON.stringify(request.spec)}\n`, { mode: 0o600 });
    this.#spec = request.spec;
    return this.answer();
  }

  /** Answers what is open, then stops every instance. Nothing of it runs afterwards. */
  async down(): Promise<void> {
    if (this.#down) return;
    this.#down = true;
    this.#proxy.closing = true;
    this.#proxy.release();
    const closed = this.#doors.closeToUsers(this.#spec.drainMs);
    await this.#finishPlainRequests();
    // What is still open now are websockets and event streams; the instances' own drain ends them.
    await Promise.all([...this.#pools.values()].map((pool) => pool.stopAll()));
    await Promise.all([closed, this.#doors.closeDirect()]);
    await this.#store.save();
  }

  /** Called every second: what becomes due by time. */
  tick(nowMs: number): void {
    if (this.#down) return;
    void this.deadMan.look({ wallMs: nowMs, monoMs: performance.now() });
    const keepMs = Math.max(16 * 60_000, this.#spec.requestTimeoutMs + 60_000);
    // A request ends in the counts when its time is over at the latest; the rest covers late timers.
    this.counter.forget(nowMs - keepMs, nowMs - this.#spec.requestTimeoutMs - 5000);
    for (const placement of this.#routing.placements) {
      const { id } = placement.revision;
      if (placement.retireAtMs !== null && placement.retireAtMs <= nowMs) this.#retireByTime(id);
      this.#closeLateStreams(id, nowMs);
      for (const endpoint of this.#pools.get(id)?.allEndpoints() ?? []) endpoint.pool.sweep();
    }
  }

  /** Changes the routing in one step. A way back holds even when it cannot be written down. */
  async #change(fence: number, change: (state: RoutingState) => RoutingState): Promise<void> {
    if (this.#down) throw new DeployError('TARGET_REFUSED', { reason: 'the host is going down' });
    const before = this.#routing;
    const next = change(changes.withFence(before, fence));
    this.deadMan.assertMayMove(fence, before, next);
    this.#unrouted.note(before, next, Date.now());
    this.#routing = next;
    this.#rebuild();
    try {
      await this.#store.save();
    } catch (thrown) {
      this.#warnUnwritten(thrown);
      if (changes.holdsUnwritten(before, next)) return;
      if (this.#routing === next) this.#routing = before;
      this.#rebuild();
      throw unwritable(thrown);
    }
  }

  #takeBack(order: ControlRequest<'arm'>, patient: boolean): DeadManFired['did'] {
    const before = this.#routing;
    const { state, did } = withUsersBack(before, order, { ready: this.#readiness().ready, patient });
    this.#unrouted.note(before, state, Date.now());
    this.#routing = state;
    this.#rebuild();
    const stable = order.stableId === null ? null : changes.findPlacement(state, order.stableId);
    if (stable !== null && stable.wantedInstances > 0) this.#settle(stable);
    return did;
  }

  async #finishPlainRequests(): Promise<void> {
    const endMs = performance.now() + this.#spec.drainMs;
    const open = (): boolean => [...this.#pools.values()].some((pool) => plainRequests(pool).length > 0);
    while (open() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Makes the running instances those that are wanted. */
  #settle(placement: Placement, leaving: readonly string[] = []): void {
    const { id } = placement.revision;
    if (placement.retiring) void this.#remove(id);
    else this.#pools.get(id)?.scale(placement.wantedInstances, leaving);
  }

  async #remove(revisionId: string): Promise<void> {
    const pool = this.#pools.get(revisionId);
    await pool?.stopAll();
    // An instance that its own commands could not end: the revision stays, and says so.
    if (pool !== undefined && pool.size > 0) return;
    const closed = this.#doors.closeTo(revisionId);
    this.#pools.delete(revisionId);
    const placements = this.#routing.placements.filter((placement) => placement.revision.id !== revisionId);
    const formerStableId = this.#routing.formerStableId;
    this.#routing = { ...this.#routing, placements, formerStableId };
    this.#unrouted.forget(revisionId);
    this.#rebuild();
    this.#saveLater();
    await closed;
  }

  #retireByTime(revisionId: string): void {
    this.#routing = changes.withRetirement(this.#routing, { fence: this.#routing.fence, revisionId });
    const placement = changes.findPlacement(this.#routing, revisionId);
    if (placement !== null) this.#settle(placement);
    this.#saveLater();
  }

  #pool(placement: Placement): RevisionPool {
    const { id } = placement.revision;
    const known = this.#pools.get(id);
    if (known !== undefined) return known;
    const pool = new RevisionPool({
      revisionId: id,
      launch: placement.launch,
      logs: this.#options.files.logs,
      spec: () => this.#spec,
      changed: () => {
        this.#rebuild();
        this.#saveLater();
      },
      emit: (event) => this.events.add(event),
      cut: (count) => this.#noteCut(count),
    });
    this.#pools.set(id, pool);
    return pool;
  }

  /** The table as it is now, put in place in one statement. */
  #rebuild(): void {
    const { salt, stableId, weighted, placements } = this.#routing;
    const revisions = new Map<string, RoutedRevision>();
    for (const { revision } of placements) {
      const endpoints = this.#pools.get(revision.id)?.endpoints(revision.id === stableId) ?? [];
      revisions.set(revision.id, { revisionId: revision.id, version: revision.version, endpoints, turn: 0 });
    }
    const candidateSlots = Math.round(((weighted?.weightPercent ?? 0) / 100) * unitSlots);
    this.#table = { salt, stableId, candidateId: weighted?.revisionId ?? null, candidateSlots, revisions };
    const hasUsers = (id: string): boolean => changes.weightOf(this.#routing, id) > 0;
    const all = [...revisions.values()];
    if (all.every((one) => one.endpoints.length > 0 || !hasUsers(one.revisionId))) this.#proxy.release();
  }

  #readiness(): changes.Readiness {
    return {
      ready: (revisionId) => this.#pools.get(revisionId)?.readyCount ?? 0,
      nowMs: Date.now(),
      newSalt: randomBytes(8).toString('hex'),
    };
  }

  /** A revision that users have left does not keep their websockets for ever. */
  #closeLateStreams(revisionId: string, nowMs: number): void {
    const pool = this.#pools.get(revisionId);
    const late = this.#unrouted.isLongerThan(revisionId, { nowMs, ms: this.#spec.streamDrainMs });
    if (pool === undefined || !late) return;
    this.#noteCut(cutWhere(pool, (stream) => stream));
  }

  #noteCut(count: number): void {
    this.#cut += count;
    if (count > 0) this.#saveLater();
  }

  #saveLater(): void {
    this.#store.save().catch((thrown: unknown) => this.#warnUnwritten(thrown));
  }

  /** What is wanted has been decided already; that its details cannot be written down does not undo it. */
  async #saved(cut = 0): Promise<HostAnswer> {
    await this.#store.save().catch((thrown: unknown) => this.#warnUnwritten(thrown));
    return this.answer(cut);
  }

  #warnUnwritten(thrown: unknown): void {
    this.#options.warn(`the state could not be written: ${String(thrown)}`);
  }

  #snapshot(): HostState {
    const instances = Object.fromEntries([...this.#pools].map(([id, pool]) => [id, pool.records()]));
    const deadMan = { ...this.deadMan.record(), host: this.#options.identity };
    return { v: 1, cut: this.#cut, routing: this.#routing, instances, directPorts: this.#doors.directPorts(), deadMan };
  }
}

function instant(): Instant {
  return { wallMs: Date.now(), monoMs: performance.now() };
}

function unwritable(thrown: unknown): DeployError {
  return new DeployError('TARGET_REFUSED', { reason: `its state cannot be written: ${String(thrown)}` }, thrown);
}
