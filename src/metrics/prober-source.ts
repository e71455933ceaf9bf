import { setMaxListeners } from 'node:events';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import { cellMs } from '../model/traffic.ts';
import { type HttpAnswer, type HttpRequest, httpRequest } from '../system/http.ts';
import { createCellStore } from './cell-store.ts';
import { createLossLog } from './loss-log.ts';
import { measureCells } from './measure-cells.ts';
import { createProbeArm, type ProbeArm } from './probe-arm.ts';
import { runOpenLoop } from './run-open-loop.ts';

export type ProberSourceOptions = {
  /** Base URL that reaches only the stable revision; null while there is none. A throw makes the arm's windows an error. */
  baselineUrl: () => Promise<string | null>;
  /** The same for the new revision. */
  canaryUrl: () => Promise<string | null>;
  path: string;
  /** Probes per second to each arm. */
  ratePerSecond: number;
  timeoutMs: number;
  clock: Clock;
  send?: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Header in which the service names its version, and what each arm must answer; null: not compared. */
  versionHeader?: { name: string; baseline: string | null; canary: string | null } | null;
  /** Probes of one arm that may be open at a time. */
  maxOpen?: number;
};

const keepMs = 15 * 60_000;

/**
 * Synthetic requests to both revisions for a service without traffic. Open loop: probes leave at fixed times whatever the
 * answers do, both arms at the same instants, and latency counts from the intended time. A probe that could not be sent
 * makes its window an error; it is never a failure of the release. Probes are a stratum of their own.
 */
export function createProberSource(options: ProberSourceOptions): MetricSource {
  const { clock, timeoutMs } = options;
  const wallMs = clock.now() - clock.monotonic();
  // A clock of its own that never jumps, so that each arrival has exactly one cell.
  const nowMs = (): number => wallMs + clock.monotonic();
  const store = createCellStore(keepMs + timeoutMs, Math.ceil(nowMs() / cellMs) * cellMs);
  const losses = createLossLog();
  let arms: Readonly<Record<Arm, string | null>> = { baseline: null, canary: null };
  let probes: readonly ProbeArm[] = [];
  let firedUntilMs: number | null = null;
  let heardAt = clock.monotonic();
  let started = false;

  const knownUntilMs = (): number | null => (firedUntilMs === null ? null : Math.floor(firedUntilMs) - cellMs);
  const advance = (untilMs: number): void => {
    firedUntilMs = untilMs;
    store.forget(untilMs);
    losses.forget(store.keptFromMs);
    if (probes.every((arm) => arm.working())) heardAt = clock.monotonic();
  };

  return {
    kind: 'prober',
    start: async (wanted, outer) => {
      if (started) throw new DeployError('INTERNAL', { reason: 'a metrics source can be started only once' });
      started = true;
      arms = { ...wanted };
      // Every open probe listens to it; their number is bounded by `maxOpen`, not by Node's ten.
      const ending = new AbortController();
      setMaxListeners(0, ending.signal);
      if (outer.aborted) ending.abort();
      outer.addEventListener('abort', () => ending.abort(), { once: true });
      const { signal } = ending;
      const shared = {
        store,
        losses,
        nowMs,
        clock,
        signal,
        path: options.path,
        timeoutMs,
        send: options.send ?? httpRequest,
      };
      const maxOpen = options.maxOpen ?? Math.min(512, Math.ceil((options.ratePerSecond * timeoutMs) / 1000) * 2 + 8);
      const expected = (arm: Arm) => expectedHeader(options.versionHeader ?? null, arm);
      probes = [
        createProbeArm({
          ...shared,
          maxOpen,
          arm: 'baseline',
          revisionId: wanted.baseline,
          url: options.baselineUrl,
          expect: expected('baseline'),
        }),
        createProbeArm({
          ...shared,
          maxOpen,
          arm: 'canary',
          revisionId: wanted.canary,
          url: options.canaryUrl,
          expect: expected('canary'),
        }),
      ];
      await Promise.all(probes.map((arm) => arm.lookUp()));
      heardAt = clock.monotonic();
      const fire = (intendedMs: number): void => {
        for (const arm of probes) arm.fire(intendedMs);
      };
      const skip = (intendedMs: number): void => {
        for (const arm of probes) arm.skip(intendedMs, 'the prober could not keep its times');
      };
      // Both end with the signal and never reject; nobody waits for them.
      for (const arm of probes) void arm.keepLookingUp();
      void runOpenLoop({ clock, nowMs, signal, intervalMs: 1000 / options.ratePerSecond, fire, skip, advance });
    },
    knownUntilMs,
    silentForMs: () => clock.monotonic() - heardAt,
    measure: (query, window, arm) => {
      const lost = losses.within(arm, window);
      const place = { window, source: 'prober' };
      if (query.stratum !== 'probe')
        return { status: 'error', ...place, reason: 'the prober sees no requests of users' };
      if (lost !== null) return { status: 'error', ...place, reason: `probes could not be sent: ${lost}` };
      const whyNotKnown =
        firedUntilMs === null ? 'no probe has been sent yet' : 'the window is not completely known yet';
      return measureCells(
        { store, source: 'prober', knownUntilMs: knownUntilMs(), requestTimeoutMs: timeoutMs, whyNotKnown },
        { query, window, revisionId: arms[arm] },
      );
    },
    latency: (window, arm, stratum) => {
      const revisionId = arms[arm];
      if (revisionId === null || stratum !== 'probe') return [];
      return [...store.sum({ revisionId, stratum }, window).histogram].sort((left, right) => left[0] - right[0]);
    },
    takeInstanceEvents: () => [],
  };
}

function expectedHeader(
  header: NonNullable<ProberSourceOptions['versionHeader']> | null,
  arm: Arm,
): { name: string; value: string } | null {
  const value = header?.[arm] ?? null;
  return header === null || value === null ? null : { name: header.name.toLowerCase(), value };
}
