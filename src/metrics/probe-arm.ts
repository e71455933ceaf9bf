import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm } from '../model/metric-source.ts';
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

export type ProbeArm = {
  /** Sends one probe now for this intended time, or notes why it could not. Returns at once. */
  fire(intendedMs: number): void;
  /** Notes a probe that was not sent because this process stood still; what is open then cannot be judged either. */
  skip(intendedMs: number, reason: string): void;
  /** False while probes of this arm cannot be sent. */
  working(): boolean;
  lookUp(): Promise<void>;
  /** Looks the address up again and again until the signal fires. */
  keepLookingUp(): Promise<void>;
};

type Address = { state: 'known'; url: string } | { state: 'absent' } | { state: 'failed'; reason: string };
const lookUpEveryMs = 1000;

/** One of the two groups of probes. Nothing here waits on anything but its own look-ups. */
export function createProbeArm(options: ProbeArmOptions): ProbeArm {
  const { arm, revisionId, store, losses, nowMs } = options;
  let address: Address = { state: 'absent' };
  const open = new Set<{ intendedMs: number }>();
  let working = true;

  const lose = (intendedMs: number, reason: string): void => {
    working = false;
    losses.add(arm, intendedMs, reason);
  };

  const probe = async (
    url: string,
    intendedMs: number,
    series: { revisionId: string; stratum: 'probe' },
  ): Promise<void> => {
    const end = countArrival(store, series, intendedMs);
    const mine = { intendedMs };
    open.add(mine);
    try {
      const answer = await options.send({
        url: `${url.replace(/\/$/, '')}${options.path}`,
        headers: { 'x-seatrial-probe': '1' },
        timeoutMs: Math.max(1, options.timeoutMs - (nowMs() - intendedMs)),
        signal: options.signal,
      });
      working = true;
      const mismatched = options.expect !== null && answer.headers[options.expect.name] !== options.expect.value;
      end({
        atMs: nowMs(),
        failed: answer.status >= 500,
        completed: true,
        mismatched: mismatched && answer.status < 500,
      });
    } catch (thrown) {
      if (options.signal.aborted) return;
      if (wasNotSent(thrown)) lose(intendedMs, toDeployError(thrown).message);
      else {
        working = true;
        end({ atMs: nowMs(), failed: true, completed: false, mismatched: false });
      }
    } finally {
      open.delete(mine);
    }
  };

  const lookUp = async (): Promise<void> => {
    try {
      const url = revisionId === null ? null : await withinTime(options.url(), options);
      address = url === null ? { state: 'absent' } : { state: 'known', url };
      if (url === null) working = true;
    } catch (thrown) {
      address = { state: 'failed', reason: `no address: ${toDeployError(thrown).message}` };
    }
  };

  return {
    fire: (intendedMs) => {
      if (revisionId === null || address.state === 'absent') return;
      if (address.state === 'failed') return lose(intendedMs, address.reason);
      if (open.size >= options.maxOpen) return lose(intendedMs, `${open.size} probes are open already`);
      void probe(address.url, intendedMs, { revisionId, stratum: 'probe' });
    },
    skip: (intendedMs, reason) => {
      if (revisionId === null || address.state === 'absent') return;
      lose(intendedMs, reason);
      // While this process stood still, answers may have come in time and been seen too late.
      for (const probe of open) lose(probe.intendedMs, reason);
    },
    working: () => working,
    lookUp,
    keepLookingUp: async () => {
      while ((await options.clock.sleep(lookUpEveryMs, options.signal)) === 'elapsed') await lookUp();
    },
  };
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
