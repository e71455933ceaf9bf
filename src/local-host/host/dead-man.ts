import type { DeadManFired, DeadManOrder, DeadManReading, DetachedProgram } from '../../model/dead-man.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../system/process-identity.ts';
import { beginDeadManWatch, type DeadManWatch, decideDeadMan, type Instant } from './decide-dead-man.ts';
import type { DeadManState, RoutingState } from './host-state.ts';
import { weightOf } from './routing-changes.ts';

/** What it needs of the host and of the machine. */
export type DeadManHost = {
  /** Moves users in the host's own table; `patient`: it waits for half of the stable instances. */
  takeBack: (order: DeadManOrder, patient: boolean) => DeadManFired['did'];
  /** Another program routes users by what this host says. */
  routedElsewhere: () => boolean;
  save: () => Promise<void>;
  warn: (message: string) => void;
  /** Starts the process that starts this host again; null where nobody does. */
  launchGuard: (() => Promise<{ pid: number }>) | null;
  /** Runs a program to its end; what went wrong as a text, or null. */
  run: (program: DetachedProgram) => Promise<string | null>;
  /** Starts a program that lives on. */
  launch: (program: DetachedProgram) => Promise<void>;
  /** Ends a process of seatrial that lives and does not work. */
  end: (identity: ProcessIdentity) => Promise<void>;
};

/** Looks for which half of the stable instances are waited for; then one has to do, and the run's watchdog is woken. */
const patientLooks = 15;
const guardAgainMs = 3000;

/**
 * The dead-man rollback of a host: takes users back to the stable revision when nobody is left who attends to the run for
 * which it was armed. A restarted host goes on with it: whoever lives has a full time to renew, whoever is gone is seen.
 */
export class DeadMan {
  readonly #host: DeadManHost;
  #armed: DeadManOrder | null;
  #fired: DeadManFired | null;
  #guard: ProcessIdentity | null;
  #watch: DeadManWatch;
  #looking = false;
  #firedLooks = 0;
  #rerouted = false;
  #guardSoughtMs = Number.NEGATIVE_INFINITY;

  constructor(host: DeadManHost, recorded: DeadManState | null, now: Instant) {
    this.#host = host;
    this.#armed = recorded?.armed ?? null;
    this.#fired = recorded?.fired ?? null;
    this.#guard = recorded?.guard ?? null;
    this.#watch = beginDeadManWatch(this.#armed?.holdMs ?? 0, now);
  }

  read(): DeadManReading {
    const { runId, fence, holdMs, owners } = this.#armed ?? {};
    const armed =
      runId === undefined || fence === undefined || holdMs === undefined || owners === undefined
        ? null
        : { runId, fence, holdMs, owners };
    return { armed, fired: this.#fired };
  }

  /** What must outlive this process. */
  record(): Pick<DeadManState, 'armed' | 'fired' | 'guard'> {
    return { armed: this.#armed, fired: this.#fired, guard: this.#guard };
  }

  /** Instead of whatever was armed before; returns the way to undo it. */
  arm(order: DeadManOrder, now: Instant): () => void {
    const before = { armed: this.#armed, watch: this.#watch };
    this.#armed = order;
    this.#watch = beginDeadManWatch(order.holdMs, now);
    this.#firedLooks = 0;
    this.#rerouted = false;
    return () => {
      this.#armed = before.armed;
      this.#watch = before.watch;
    };
  }

  /** One that has fired cannot be renewed any more: the answer tells. */
  renew({ runId, fence, owners }: Pick<DeadManOrder, 'runId' | 'fence' | 'owners'>, now: Instant): void {
    if (this.#armed?.runId !== runId || this.#armed.fence !== fence || this.#hasFired(this.#armed)) return;
    this.#armed = { ...this.#armed, owners };
    this.#watch = beginDeadManWatch(this.#armed.holdMs, now);
  }

  disarm(): void {
    this.#armed = null;
  }

  /** Throws TARGET_REFUSED for more users on a candidate that they were taken off, unless a later owner asks. */
  assertMayMove(fence: number, before: RoutingState, next: RoutingState): void {
    const fired = this.#fired;
    if (fired === null || fired.did === 'nothing' || fence > fired.fence) return;
    if (weightOf(next, fired.candidateId) <= weightOf(before, fired.candidateId)) return;
    throw new DeployError('TARGET_REFUSED', {
      reason: `the dead-man rollback has fired for this run: ${fired.reason}`,
      remedy: 'The run goes back. Make a new plan.',
    });
  }

  /** Called every second. Never throws. */
  async look(now: Instant): Promise<void> {
    if (this.#armed === null || this.#looking) return;
    this.#looking = true;
    try {
      await this.#look(this.#armed, now);
    } catch (thrown) {
      this.#host.warn(`dead-man: ${String(thrown)}`);
    } finally {
      this.#looking = false;
    }
  }

  async #look(order: DeadManOrder, now: Instant): Promise<void> {
    await this.#keepGuard(now).catch((thrown: unknown) => this.#host.warn(`no guard: ${String(thrown)}`));
    if (!this.#hasFired(order)) {
      const alive = (await Promise.all(order.owners.map(isAlive))).filter(Boolean).length;
      // Somebody may have spoken meanwhile.
      if (this.#armed === null || this.#armed.fence !== order.fence) return;
      const { watch, fire } = decideDeadMan(this.#watch, now, alive);
      this.#watch = watch;
      if (fire === null) return;
      const { runId, fence, candidateId } = order;
      this.#host.warn(`dead-man rollback of run ${runId} (generation ${fence}): ${fire}`);
      this.#fired = { runId, fence, candidateId, atMs: now.wallMs, reason: fire, did: 'waiting' };
    }
    await this.#carryOut(order);
  }

  /** Safe to repeat: a host that dies in the middle of it does it again. */
  async #carryOut(order: DeadManOrder): Promise<void> {
    if (this.#fired === null) return;
    if (this.#fired.did === 'waiting') {
      const did = this.#host.takeBack(order, this.#firedLooks < patientLooks);
      this.#firedLooks += 1;
      if (did !== 'waiting' || this.#firedLooks === 1) {
        this.#fired = { ...this.#fired, did };
        await this.#host.save().catch((thrown: unknown) => this.#host.warn(`not written down: ${String(thrown)}`));
      }
      if (did === 'waiting') {
        // Its supervisor may know more ways than this one.
        if (this.#firedLooks === patientLooks) await this.#host.launch(order.wake);
        return;
      }
    }
    if (this.#fired.did === 'rolled_back' && this.#host.routedElsewhere() && !this.#rerouted) {
      this.#rerouted = true;
      const failed = await this.#host.run(order.reroute);
      if (failed !== null) this.#host.warn(`dead-man: the program that routes users did not follow: ${failed}`);
    }
    if (this.#armed?.fence !== order.fence) return;
    // An owner that was stopped still holds the run, and nobody else could close it.
    await Promise.all(this.#armed.owners.map(this.#host.end));
    await this.#host.launch(order.wake);
    this.#armed = null;
    await this.#host.save();
  }

  async #keepGuard(now: Instant): Promise<void> {
    const { launchGuard } = this.#host;
    if (launchGuard === null || now.monoMs - this.#guardSoughtMs < guardAgainMs) return;
    if (this.#guard !== null && (await isAlive(this.#guard))) return;
    this.#guardSoughtMs = now.monoMs;
    const { pid } = await launchGuard();
    this.#guard = await identityOf(pid);
    await this.#host.save();
  }

  #hasFired({ runId, fence }: DeadManOrder): boolean {
    return this.#fired?.runId === runId && this.#fired.fence === fence;
  }
}
