import type { Clock } from '../model/clock.ts';

/** The machine's own clock. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve('aborted');
        const onAbort = (): void => {
          clearTimeout(timer);
          resolve('aborted');
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener('abort', onAbort);
          resolve('elapsed');
        }, ms);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
