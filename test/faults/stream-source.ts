import type { Arm, Measurement, MetricQuery, MetricSource, Window } from '../../src/model/metric-source.ts';
import type { Heard } from './reference-decision.ts';

type Counts = { requests: number; failures: number; open: number };
/** `lost`: it will not come any more. */
type Told = { fromMs: number; arms: Record<Arm, Counts | 'lost'> };

export const windowMs = 1000;
export const streamKinds = [
  ...['healthy', 'failing', 'both failing', 'trickle', 'empty', 'lost'],
  ...['one arm lost', 'silent', 'late', 'clock went back'],
] as const;
export type StreamKind = (typeof streamKinds)[number];

/** A metrics source as bad as they come: it says of each second what the stream has for it, loses it, or says it later. */
export class StreamSource implements MetricSource {
  readonly kind = 'stream';
  readonly traits = { windowMs, countedBy: 'arrival', settleMs: 0, latency: 'none', events: [] } as const;
  nowMs: number;
  private readonly bakeFromMs: number;
  private known: number | null = null;
  private heardMs: number;
  private readonly told = new Map<number, Told>();
  private readonly counted = new Set<number>();
  private readonly sums = { bake: { canary: 0, baseline: 0 }, failures: { canary: 0, baseline: 0 } };
  private newestMs = 0;
  private failingInARow = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
    this.heardMs = startMs;
    // What arrives in the very second of the change belongs to the time before.
    this.bakeFromMs = startMs + windowMs;
  }

  /** One second passes. */
  take({ kind, perSecond }: { kind: StreamKind; perSecond: number }, random: () => number): void {
    for (const { arms } of this.told.values())
      for (const arm of [arms.canary, arms.baseline]) if (arm !== 'lost') arm.open = 0;
    const fromMs = this.nowMs;
    this.nowMs += windowMs;
    if (kind !== 'silent') this.told.set(fromMs, { fromMs, arms: armsOf(kind, perSecond, random) });
    if (kind === 'silent' || kind === 'late') return;
    this.heardMs = this.nowMs;
    this.known = kind === 'clock went back' ? this.nowMs - 3 * windowMs : this.nowMs;
    for (const told of this.told.values()) this.count(told, this.known);
  }

  /** What it has said so far, each second counted once. */
  heard = (): Heard => {
    const settled = [...this.told.values()].every(({ arms }) => isWhole(arms.canary) && isWhole(arms.baseline));
    return {
      silentMs: this.nowMs - this.heardMs,
      oldMs: this.nowMs - this.newestMs,
      bake: { ...this.sums.bake },
      failures: { ...this.sums.failures },
      failingInARow: this.failingInARow,
      settled,
    };
  };

  private count({ fromMs, arms: { canary, baseline } }: Told, known: number): void {
    if (fromMs + windowMs > known || this.counted.has(fromMs)) return;
    this.counted.add(fromMs);
    if (canary === 'lost' || baseline === 'lost') return;
    this.newestMs = Math.max(this.newestMs, fromMs + windowMs);
    this.sums.failures.canary += canary.failures;
    this.sums.failures.baseline += baseline.failures;
    if (canary.requests > 0)
      this.failingInARow = canary.failures === canary.requests ? this.failingInARow + canary.requests : 0;
    if (fromMs < this.bakeFromMs) return;
    this.sums.bake.canary += canary.requests;
    this.sums.bake.baseline += baseline.requests;
  }

  async start(): Promise<void> {}
  knownUntilMs = (): number | null => this.known;
  silentForMs = (): number => this.nowMs - this.heardMs;
  latency = (): null => null;
  takeInstanceEvents = (): [] => [];

  measure(query: MetricQuery, window: Window, arm: Arm): Measurement {
    const shared = { window, source: this.kind };
    if (query.kind !== 'requests') return { status: 'no_data', reason: 'not asked for', ...shared };
    const told = this.told.get(window.fromMs)?.arms[arm];
    if (told === undefined || told === 'lost') return { status: 'error', reason: 'it is lost', ...shared };
    const { requests, failures, open } = told;
    if (requests === 0) return { status: 'no_data', reason: 'no request', ...shared };
    const apart = { open, failedUnits: null, newUnits: null };
    return { status: 'measured', value: failures / requests, samples: requests, failures, ...apart, ...shared };
  }
}

function armsOf(kind: StreamKind, perSecond: number, random: () => number): Told['arms'] {
  if (kind === 'lost' || kind === 'clock went back') return { canary: 'lost', baseline: 'lost' };
  if (kind === 'empty') return { canary: countsOf(0, 0), baseline: countsOf(0, 0) };
  if (kind === 'trickle') return { canary: countsOf(random() < 0.3 ? 1 : 0, 0), baseline: countsOf(1, 0) };
  const [canary, baseline] = [Math.ceil(perSecond / 4), Math.ceil((perSecond * 3) / 4)];
  const hanging = kind === 'healthy' && random() < 0.15 ? 1 : 0;
  return {
    canary: { ...countsOf(canary, kind === 'failing' || kind === 'both failing' ? 1 : 0), open: hanging },
    baseline: kind === 'one arm lost' ? 'lost' : countsOf(baseline, kind === 'both failing' ? 1 : 0),
  };
}

function countsOf(requests: number, failureRatio: number): Counts {
  return { requests, failures: requests * failureRatio, open: 0 };
}

function isWhole(counts: Counts | 'lost'): boolean {
  return counts === 'lost' || counts.open === 0;
}
