import { httpRequest } from '../../system/http.ts';
import type { HostSpec } from './host-spec.ts';

export type HealthWatch = {
  port: number;
  spec: () => HostSpec['health'];
  /** Fires when the process has ended or is being stopped. */
  signal: AbortSignal;
  /** True while it has not been ready since its start. */
  starting: () => boolean;
  healthy: () => void;
  unhealthy: () => void;
  /** Not ready within the start-up time. */
  late: () => void;
};

/** While starting it is asked more often than afterwards, so that a fast service is fast to be ready. */
const startingIntervalMs = 150;

/** Asks one process for its health until `signal` fires; every change of mind is told once per streak. */
export async function watchHealth(watch: HealthWatch): Promise<void> {
  const startedMs = performance.now();
  let good = 0;
  let bad = 0;
  while (!watch.signal.aborted) {
    const spec = watch.spec();
    if (await answersWell(watch.port, spec, watch.signal)) {
      good += 1;
      bad = 0;
      if (good === spec.successes) {
        if (watch.starting()) await pause(spec.warmupMs, watch.signal);
        if (!watch.signal.aborted) watch.healthy();
      }
    } else if (!watch.signal.aborted) {
      bad += 1;
      good = 0;
      if (bad === spec.failures && !watch.starting()) watch.unhealthy();
    }
    if (watch.starting() && performance.now() - startedMs > spec.startupMs)
      return watch.signal.aborted ? undefined : watch.late();
    await pause(watch.starting() ? Math.min(spec.intervalMs, startingIntervalMs) : spec.intervalMs, watch.signal);
  }
}

async function answersWell(port: number, spec: HostSpec['health'], signal: AbortSignal): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${port}${spec.path}`;
    const headers = { 'user-agent': 'seatrial-health' };
    const answer = await httpRequest({ url, headers, timeoutMs: spec.timeoutMs, signal, maxBytes: 1024 });
    return answer.status >= 200 && answer.status < 300;
  } catch {
    return false;
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
