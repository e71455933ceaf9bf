import type { Instance } from '../../model/target.ts';
import type { InstanceEvent } from '../../model/traffic.ts';
import { instanceLogFile } from './host-files.ts';
import type { HostSpec } from './host-spec.ts';
import type { InstanceRecord, Launch } from './host-state.ts';
import { createInstanceRunner } from './instance-runner.ts';
import type { Endpoint } from './routing-table.ts';
import { SupervisedInstance } from './supervised-instance.ts';

export type PoolOptions = {
  revisionId: string;
  launch: Launch;
  logs: string;
  spec: () => HostSpec;
  changed: () => void;
  emit: (event: InstanceEvent) => void;
  cut: (count: number) => void;
};

/** All instances of one revision. */
export class RevisionPool {
  readonly revisionId: string;
  readonly #options: PoolOptions;
  #instances: SupervisedInstance[] = [];
  #next = 1;

  constructor(options: PoolOptions) {
    this.revisionId = options.revisionId;
    this.#options = options;
  }

  get size(): number {
    return this.#instances.length;
  }

  get readyCount(): number {
    return this.#instances.filter((instance) => instance.state === 'ready' && !instance.stopping).length;
  }

  /** Requests in flight, also at instances that are being drained. */
  get inFlight(): number {
    return this.#instances.reduce((sum, instance) => sum + (instance.endpoint?.open.size ?? 0), 0);
  }

  /** Endpoints that may get requests. With `lastResort` unhealthy ones are better than none. */
  endpoints(lastResort: boolean): Endpoint[] {
    const ready = this.#endpointsIn('ready');
    return ready.length > 0 || !lastResort ? ready : this.#endpointsIn('unhealthy');
  }

  /** Endpoints with a running process, whatever their state. */
  allEndpoints(): Endpoint[] {
    return this.#instances.map((instance) => instance.endpoint).filter((endpoint) => endpoint !== null);
  }

  describe(): Instance[] {
    return this.#instances.map((instance) => instance.describe());
  }

  records(): InstanceRecord[] {
    return this.#instances.map((instance) => instance.record());
  }

  /** Starts what is missing, and stops what is too much; the best ones stay, but none of those named. Those that had given up are tried again. */
  scale(wanted: number, leaving: readonly string[] = []): void {
    const staying = this.#instances.filter((instance) => !instance.stopping);
    const goes = (one: SupervisedInstance): number => Number(leaving.includes(one.id));
    const surplus = [...staying].sort((left, right) => goes(left) - goes(right) || byWorth(left, right)).slice(wanted);
    for (const instance of surplus) void this.#stop(instance);
    const kept = staying.filter((instance) => !surplus.includes(instance));
    for (const instance of kept) if (instance.state === 'gave_up') void instance.start();
    for (let count = kept.length; count < wanted; count += 1) {
      const instance = this.#add(`i${this.#next}`);
      this.#next += 1;
      void instance.start();
    }
    this.#options.changed();
  }

  /** Takes over what an earlier host left running. */
  async adopt(records: readonly InstanceRecord[]): Promise<void> {
    for (const record of records) {
      this.#next = Math.max(this.#next, Number(record.id.slice(1)) + 1);
      const instance = this.#add(record.id);
      await instance.adopt(record);
      if (record.stopping) void this.#stop(instance);
    }
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => this.#stop(instance)));
  }

  #add(id: string): SupervisedInstance {
    const { logs, launch, ...options } = this.#options;
    const { revisionId, spec } = options;
    const logFile = instanceLogFile(logs, revisionId, id);
    const runner = createInstanceRunner({ launch, logFile, revisionId, id, times: spec });
    const instance = new SupervisedInstance({ ...options, id, runner, logFile });
    this.#instances.push(instance);
    return instance;
  }

  async #stop(instance: SupervisedInstance): Promise<void> {
    await instance.stop();
    // One that could not be ended is not forgotten.
    if (instance.state !== 'stopped' || !this.#instances.includes(instance)) return;
    this.#instances = this.#instances.filter((other) => other !== instance);
    this.#options.changed();
  }

  #endpointsIn(state: Instance['state']): Endpoint[] {
    const found = this.#instances.filter((instance) => instance.state === state && !instance.stopping);
    return found.map((instance) => instance.endpoint).filter((endpoint) => endpoint !== null);
  }
}

const worth: Record<Instance['state'], number> = {
  ready: 0,
  unhealthy: 1,
  starting: 2,
  backing_off: 3,
  gave_up: 4,
  draining: 5,
  stopped: 6,
};

function byWorth(left: SupervisedInstance, right: SupervisedInstance): number {
  return worth[left.state] - worth[right.state];
}
