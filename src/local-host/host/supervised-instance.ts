import { type DeployError, toDeployError } from '../../model/deploy-error.ts';
import type { Instance } from '../../model/target.ts';
import type { InstanceEvent } from '../../model/traffic.ts';
import {
  freeLastingPort,
  freePort,
  type InstanceExit,
  isPortFree,
  readFileTail,
  readOomKills,
} from '../../system/instance-process.ts';
import { ConnectionPool } from './connection.ts';
import { drainEndpoint } from './drain-endpoint.ts';
import type { HostSpec } from './host-spec.ts';
import type { InstanceRecord } from './host-state.ts';
import { watchHealth } from './instance-health.ts';
import { excerptOf } from './log-excerpt.ts';
import type { Endpoint } from './routing-table.ts';
import type { InstanceRunner, RunningInstance } from './running-instance.ts';
import { WarmUp } from './warm-up.ts';

export type InstanceOptions = {
  revisionId: string;
  id: string;
  runner: InstanceRunner;
  logFile: string;
  spec: () => HostSpec;
  /** Its endpoint may or may not be routed to now; called in the tick in which that changed. */
  changed: () => void;
  emit: (event: InstanceEvent) => void;
  /** Requests that were ended in the middle. */
  cut: (count: number) => void;
};

type Started = { running: RunningInstance; port: number; startedAtMs: number | null };

const mostStartCrashes = 3;
const excerptBytes = 4096;
/** Ready for this long, a crash is not counted together with the earlier ones. */
const calmMs = 30_000;

/** One place in a revision's set: keeps something running there, knows whether it may get requests, and ends it well. */
export class SupervisedInstance {
  readonly id: string;
  readonly #options: InstanceOptions;
  #state: Instance['state'] = 'starting';
  #running: RunningInstance | null = null;
  #endpoint: Endpoint | null = null;
  #watching: AbortController | null = null;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;
  #launching: Promise<void> | null = null;
  #killedByUs = false;
  #wasReady = false;
  #readySinceMs = 0;
  #crashesInARow = 0;
  #restarts = 0;
  #startedAtMs: number | null = null;
  #lastExit: Instance['lastExit'] = null;
  #oomKillsBefore: number | null = null;
  /** Of its last process. */
  #port: number | null = null;

  constructor(options: InstanceOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get state(): Instance['state'] {
    return this.#state;
  }

  /** Where its process can be reached, ready or not; null when there is none. */
  get endpoint(): Endpoint | null {
    return this.#endpoint;
  }

  get stopping(): boolean {
    return this.#stopping !== null;
  }

  describe(): Instance {
    const port = this.#endpoint?.port ?? null;
    return {
      id: this.id,
      state: this.#state,
      pid: this.#running?.identity?.pid ?? null,
      url: port === null ? null : `http://127.0.0.1:${port}`,
      restarts: this.#restarts,
      startedAtMs: this.#startedAtMs,
      lastExit: this.#lastExit,
    };
  }

  record(): InstanceRecord {
    return {
      id: this.id,
      identity: this.#running?.identity ?? null,
      launched: this.#options.runner.launched,
      port: this.#port,
      startedAtMs: this.#startedAtMs,
      restarts: this.#restarts,
      wasReady: this.#wasReady,
      ready: this.#state === 'ready',
      stopping: this.stopping,
      lastExit: this.#lastExit,
    };
  }

  /** Starts a process, unless there is one or it is being stopped. One that had given up gets a new chance. Never throws. */
  async start(): Promise<void> {
    if (this.stopping || this.#running !== null || this.#launching !== null) return;
    this.#launching = this.#launch();
    await this.#launching;
    this.#launching = null;
  }

  /** Goes on with the process that an earlier host left behind, or starts a new one when it is gone. */
  async adopt(record: InstanceRecord): Promise<void> {
    this.#restarts = record.restarts;
    this.#wasReady = record.wasReady;
    this.#lastExit = record.lastExit;
    this.#port = record.port;
    const running = await this.#options.runner.adopt(record);
    if (running === null || record.port === null) {
      if (record.identity !== null || record.launched === true) this.#restarts += 1;
      return record.stopping ? undefined : this.start();
    }
    // It served before, so it serves at once; the next health checks have the last word.
    this.#state = record.ready ? 'ready' : 'starting';
    this.#take(
      { running, port: record.port, startedAtMs: record.startedAtMs },
      record.ready ? WarmUp.done() : new WarmUp(),
    );
    this.#options.changed();
  }

  /**
   * Out of the table, then the open requests, then SIGTERM to the group, then SIGKILL; or the user's own `stop`. Always ends, at
   * the latest after the longest of the two drain times plus the stop time (and the time of the commands). The state is then
   * `stopped`, or `gave_up` when a command did not end it.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #launch(): Promise<void> {
    this.#clearRestart();
    if (this.#state === 'gave_up') this.#crashesInARow = 0;
    this.#state = 'starting';
    const { runner } = this.#options;
    try {
      this.#oomKillsBefore = await readOomKills();
      await runner.clear();
      const port = await this.#choosePort();
      const starting = runner.start(port);
      // What no process of ours tells of must be found again when this host dies while it is being started.
      if (runner.launched) this.#noteLaunch(port);
      this.#take({ running: await starting, port, startedAtMs: Date.now() }, new WarmUp());
      this.#event('started');
      this.#options.changed();
    } catch (thrown) {
      this.#notStarted(toDeployError(thrown));
    }
  }

  #noteLaunch(port: number): void {
    this.#port = port;
    this.#options.changed();
  }

  #notStarted({ code, message }: DeployError): void {
    const late = code === 'STEP_TIMED_OUT' && !this.#wasReady;
    if (late) this.#state = 'gave_up';
    this.#crashed({ code: null, signal: null, atMs: Date.now() }, message);
    if (late) this.#event('gave_up', null, message);
  }

  /** Another program that routes to it knows the port of before. Our own proxy does not mind, and a fresh port has no late connections. */
  async #choosePort(): Promise<number> {
    if (this.#options.spec().listen !== null) return freePort();
    return this.#port !== null && (await isPortFree(this.#port)) ? this.#port : freeLastingPort();
  }

  #take({ running, port, startedAtMs }: Started, warmUp: WarmUp): void {
    this.#running = running;
    this.#killedByUs = false;
    this.#startedAtMs = startedAtMs;
    this.#port = port;
    const pool = new ConnectionPool(port);
    const { revisionId } = this.#options;
    this.#endpoint = { revisionId, instanceId: this.id, port, pool, warmUp, open: new Set() };
    const watching = new AbortController();
    this.#watching = watching;
    running.onExit((exit) => this.#exited(running, exit));
    void watchHealth({
      port,
      spec: () => this.#options.spec().health,
      signal: watching.signal,
      starting: () => this.#state === 'starting',
      healthy: () => this.#becomeReady(),
      unhealthy: () => this.#becomeUnhealthy(),
      late: () => this.#tooLate(),
    });
  }

  #becomeReady(): void {
    if (this.#state !== 'starting' && this.#state !== 'unhealthy') return;
    this.#state = 'ready';
    this.#wasReady = true;
    this.#readySinceMs = Date.now();
    this.#endpoint?.warmUp.becameReady(performance.now());
    this.#options.changed();
    this.#event('ready');
  }

  #becomeUnhealthy(): void {
    if (this.#state !== 'ready') return;
    this.#state = 'unhealthy';
    this.#options.changed();
    this.#event('unhealthy');
    this.#running?.healthLost();
  }

  #tooLate(): void {
    if (!this.#wasReady) this.#state = 'gave_up';
    this.#kill();
    if (this.#state === 'gave_up')
      this.#event('gave_up', null, `not ready within ${this.#options.spec().health.startupMs} ms`);
  }

  #exited(running: RunningInstance, exit: InstanceExit): void {
    if (this.#running !== running) return;
    this.#watching?.abort();
    this.#endpoint?.pool.close();
    this.#endpoint = null;
    this.#running = null;
    if (this.stopping) {
      this.#state = 'stopped';
      this.#options.changed();
      return;
    }
    this.#crashed(exit, null);
  }

  #crashed(exit: InstanceExit, reason: string | null): void {
    if (Date.now() - this.#readySinceMs > calmMs && this.#readySinceMs > 0) this.#crashesInARow = 0;
    this.#readySinceMs = 0;
    this.#crashesInARow += 1;
    const hadGivenUp = this.#state === 'gave_up';
    const givesUp = !hadGivenUp && !this.#wasReady && this.#crashesInARow >= mostStartCrashes;
    this.#state = hadGivenUp || givesUp ? 'gave_up' : 'backing_off';
    this.#lastExit = { code: exit.code, signal: exit.signal, oom: false, atMs: exit.atMs };
    this.#options.changed();
    void this.#reportExit(exit, reason).then(() => {
      if (givesUp) this.#event('gave_up', exit, reason);
    });
    if (this.#state === 'backing_off' && !this.stopping) this.#restartLater();
  }

  #restartLater(): void {
    const { initialMs, maxMs } = this.#options.spec().restart;
    const delayMs = Math.min(maxMs, initialMs * 2 ** (this.#crashesInARow - 1));
    this.#restartTimer = setTimeout(() => {
      this.#restarts += 1;
      void this.start();
    }, delayMs);
  }

  #clearRestart(): void {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
  }

  async #reportExit(exit: InstanceExit, reason: string | null): Promise<void> {
    const oom = await this.#wasOomKill(exit);
    if (this.#lastExit !== null && this.#lastExit.atMs === exit.atMs) this.#lastExit = { ...this.#lastExit, oom };
    this.#event(oom ? 'oom' : 'exited', exit, reason ?? (await this.#excerpt()));
  }

  /** The kernel's own count decides where it can be read; without it a SIGKILL that was not ours is taken for one. */
  async #wasOomKill(exit: InstanceExit): Promise<boolean> {
    if (this.#killedByUs || (exit.signal !== 'SIGKILL' && exit.code !== 137)) return false;
    const kills = await readOomKills().catch(() => null);
    return kills === null || this.#oomKillsBefore === null || kills > this.#oomKillsBefore;
  }

  #kill(): void {
    this.#killedByUs = true;
    this.#running?.kill();
  }

  async #stop(): Promise<void> {
    this.#clearRestart();
    // A process that is just being started would be left behind.
    await this.#launching;
    const endpoint = this.#endpoint;
    this.#state = this.#running === null ? 'stopped' : 'draining';
    this.#options.changed();
    if (endpoint !== null) {
      const { drainMs, streamDrainMs } = this.#options.spec();
      this.#options.cut(await drainEndpoint(endpoint, { drainMs, streamDrainMs }));
    }
    try {
      await this.#end();
    } catch (thrown) {
      return this.#notEnded(toDeployError(thrown).message);
    }
    this.#state = 'stopped';
    this.#event('stopped', this.#lastExit);
    this.#options.changed();
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#watching?.abort();
    this.#endpoint?.pool.close();
    if (running === null) await this.#options.runner.clear();
    else await running.end(this.#options.spec().stopMs);
  }

  /** It may run on: it stays in the list, gets no request, and may be told to stop again. */
  #notEnded(message: string): void {
    this.#stopping = null;
    this.#state = 'gave_up';
    this.#event('gave_up', null, message);
    this.#options.changed();
  }

  async #excerpt(): Promise<string | null> {
    return excerptOf(await readFileTail(this.#options.logFile, excerptBytes).catch(() => ''));
  }

  #event(
    what: InstanceEvent['what'],
    exit: { code: number | null; signal: string | null } | null = null,
    excerpt: string | null = null,
  ): void {
    this.#options.emit({
      revisionId: this.#options.revisionId,
      instanceId: this.id,
      atMs: Date.now(),
      what,
      code: exit?.code ?? null,
      signal: exit?.signal ?? null,
      excerpt: excerpt === null ? null : excerptOf(excerpt),
    });
  }
}
