import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm } from '../model/metric-source.ts';
import { probeHeader } from '../model/traffic.ts';
import type { HttpAnswer, HttpRequest } from '../system/http.ts';
import { wasNotSent } from '../system/not-sent.ts';
import { countArrival } from './cell-counter.ts';
import type { CellStore } from './cell-store.ts';
import type { LossLog } from './loss-log.ts';

export type ProbeArmOptions = {
  arm: Arm;
  revisionId: string | null;
  url: () => Promise<string | null>;
  path: string;
  timeoutMs: number;
  maxOpen: number;
  /** Header that every answer must carry with this value, or null. */
  expect: { name: string; value: string } | null;
  send: (request: HttpRequest) => Promise<HttpAnswer>;
  store: CellStore;
  losses: LossLog;
  nowMs: () => number;
  clock: Clock;
  signal: AbortSignal;
};

type Address = { state: 'known'; url: string } | { state: 'absent' } | { state: 'failed'; reason: string };
const lookUpEveryMs = 1000;

/** One of the two groups of probes. Nothing here waits on anything but its own look-ups. */
export class ProbeArm {
  readonly #options: ProbeArmOptions;
  readonly #open = new Set<{ intendedMs: number }>();
  #address: Address = { state: 'absent' };
  #working = true;

  constructor(options: ProbeArmOptions) {
    this.#options = options;
  }

  /** False while probes of this arm cannot be sent. */
  get working(): boolean {
    return this.#working;
  }

  /** Sends one probe now for this intended time, or notes why it could not. Returns at once. */
  fire(intendedMs: number): void {
    const { revisionId, maxOpen } = this.#options;
    const address = this.#address;
    if (revisionId === null || address.state === 'absent') return;
    if (address.state === 'failed') this.#lose(intendedMs, address.reason);
    else if (this.#open.size >= maxOpen) this.#lose(intendedMs, `${this.#open.size} probes are open already`);
    else void this.#probe(address.url, revisionId, intendedMs);
  }

  /** Notes a probe that was not sent because this process stood still; what is open then cannot be judged either. */
  skip(intendedMs: number, reason: string): void {
    if (this.#options.revisionId === null || this.#address.state === 'absent') return;
    this.#lose(intendedMs, reason);
    // While this process stood still, answers may have come in time and been seen too late.
    for (const probe of this.#open) this.#lose(probe.intendedMs, reason);
  }

  async lookUp(): Promise<void> {
    const { revisionId, url } = this.#options;
    try {
      const found = revisionId === null ? null : await withinTime(url(), this.#options);
      this.#address = found === null ? { state: 'absent' } : { state: 'known', url: found };
      if (found === null) this.#working = true;
    } catch (thrown) {
      this.#address = { state: 'failed', reason: `no address: ${toDeployError(thrown).message}` };
    }
  }

  /** Looks the address up again and again until the signal fires. */
  async keepLookingUp(): Promise<void> {
    const { clock, signal } = this.#options;
    while ((await clock.sleep(lookUpEveryMs, signal)) === 'elapsed') await this.lookUp();
  }

  async #probe(url: string, revisionId: string, intendedMs: number): Promise<void> {
    const { store, nowMs, path, timeoutMs, signal, send } = this.#options;
    const end = countArrival(store, { revisionId, stratum: 'probe' }, intendedMs);
    const mine = { intendedMs };
    this.#open.add(mine);
    try {
      const answer = await send({
        url: `${url.replace(/\/$/, '')}${path}`,
        headers: { [probeHeader]: '1' },
        timeoutMs: Math.max(1, timeoutMs - (nowMs() - intendedMs)),
        signal,
      });
      this.#working = true;
      // Unlike a user's request, a probe is known to be a good one: whoever refuses it does not work.
      const failed = answer.status >= 400;
      end({ atMs: nowMs(), failed, completed: true, mismatched: !failed && this.#isMismatched(answer) });
    } catch (thrown) {
      if (signal.aborted) return;
      if (wasNotSent(thrown)) return this.#lose(intendedMs, toDeployError(thrown).message);
      this.#working = true;
      end({ atMs: nowMs(), failed: true, completed: false, mismatched: false });
    } finally {
      this.#open.delete(mine);
    }
  }

  #isMismatched(answer: HttpAnswer): boolean {
    const { expect } = this.#options;
    return expect !== null && answer.headers[expect.name] !== expect.value;
  }

  #lose(intendedMs: number, reason: string): void {
    this.#working = false;
    this.#options.losses.add(this.#options.arm, intendedMs, reason);
  }
}

async function withinTime(answer: Promise<string | null>, options: ProbeArmOptions): Promise<string | null> {
  const timer = new AbortController();
  const late = options.clock.sleep(options.timeoutMs, timer.signal).then(() => {
    throw new Error(`no answer within ${options.timeoutMs} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}
