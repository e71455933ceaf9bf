import { type CountedRequest, TrafficCounter } from '../../local-host/host/traffic-counter.ts';
import { WarmUp } from '../../local-host/host/warm-up.ts';
import { cellMs, type LostSpan } from '../../model/traffic.ts';
import type { ArrivalCount } from './parse-arrivals.ts';
import { type CounterName, type LoggedRequest, parseLogLine } from './request-log.ts';

export type ArrivalReading = {
  /** The worker that was asked. */
  pid: number;
  counts: readonly ArrivalCount[];
  /** Unix ms of our clock, taken when the answer was here. */
  nowMs: number;
  /** The log of this worker has been read without a break for at least `lineLagMs`. */
  logFollowed: boolean;
};

/** A line is in our hands this long after its request has ended. */
export const lineLagMs = 1000;
/** So long HAProxy takes at most between forgetting its counters and the first answer of the next worker. */
const unclearMs = 5000;
const keepMs = 15 * 60_000;

/** A request of which nothing but its number is known. */
type OpenEntry = {
  request: CountedRequest;
  arrivedAtMs: number;
  /** Its line may be among those that were lost. */
  doubtful: boolean;
};

type Numbers = CounterName & {
  /** Up to here requests came before anybody looked; they are nobody's. */
  base: number;
  /** So many of those had not ended then; their lines are still to come. */
  before: number;
  /** Up to here they are known to have come. */
  known: number;
  open: Map<number, OpenEntry>;
  /** Beyond `known`, of which the line came first. */
  early: Set<number>;
  /** They went on for longer than any that says nothing, and were ended here. */
  flowing: Set<number>;
};

type Counted = NonNullable<LoggedRequest['counted']>;

type Worker = {
  pid: number;
  numbers: Map<string, Numbers>;
  /** Its counters were running before anybody looked. */
  joined: boolean;
  /** How many lines its frontend had logged before the first that we took; null before that. */
  firstLine: number | null;
  highestLine: number;
  linesTaken: number;
  /** Since when lines are missing, Unix ms. */
  missingSinceMs: number | null;
  /** Lines with a number from before we looked. A worker that is being replaced forgets its counters and gives numbers from 1 again. */
  unclear: Array<{ counted: Counted; nowMs: number }>;
};

/**
 * Puts together what HAProxy tells of requests: how many have come for each revision (counters, asked for again and again)
 * and how each of them ended (lines of the log, which bear the request's number). A request belongs to the moment at which
 * its number was first seen, so that it is known while it is open, and nothing is taken back later.
 */
export class LogCounter {
  readonly counter = new TrafficCounter();
  readonly #longestOpenMs: number;
  readonly #workers = new Map<number, Worker>();
  readonly #warmUps = new Map<string, WarmUp>();
  readonly #seasoned = new Set<string>();
  readonly #lost = new Map<number, string>();
  #asked: { pid: number; atMs: number } | null = null;
  /** Lines that came before the first reading, which says whose they are. */
  #waiting: Array<{ text: string; nowMs: number }> = [];

  /** What is open for longer than `longestOpenMs` has bytes that still move: all else HAProxy has ended by then. */
  constructor(longestOpenMs: number) {
    this.#longestOpenMs = longestOpenMs;
  }

  /** Null, or why nothing can be concluded any more until `interrupt`. */
  take(reading: ArrivalReading): string | null {
    const { nowMs, pid } = reading;
    const worker = this.#worker(pid, this.#asked === null);
    for (const count of reading.counts) {
      const joining = worker.joined && this.#asked === null;
      const numbers = this.#numbers(worker, count, joining ? count : null);
      if (count.arrived < numbers.known) return 'the counters of HAProxy began anew';
      this.#takeArrivals(numbers, count.arrived, nowMs);
    }
    if (reading.logFollowed) this.#findUnlogged(worker, reading);
    this.#asked = { pid, atMs: nowMs };
    this.#clear(pid, nowMs);
    for (const line of this.#waiting.splice(0)) this.line(line.text, line.nowMs);
    this.#endOverdue(nowMs);
    this.#findMissing(nowMs);
    this.#forget(nowMs);
    return null;
  }

  /** One line of the log; what is none of ours is passed over, and a line of ours that is not whole is missed by its count. */
  line(text: string, nowMs: number): void {
    if (this.#asked === null) return void this.#waiting.push({ text, nowMs });
    const logged = parseLogLine(text);
    if (logged === null) return;
    const worker = this.#worker(logged.pid, false);
    worker.firstLine ??= worker.joined ? logged.logged : 0;
    worker.highestLine = Math.max(worker.highestLine, logged.logged);
    worker.linesTaken += 1;
    const { counted } = logged;
    if (counted === null || counted.name.kind === 'stream' || counted.name.kind === 'drawn') return;
    this.#end(worker, counted, nowMs);
  }

  #end(worker: Worker, counted: Counted, nowMs: number): void {
    const numbers = this.#numbers(worker, counted.name, null);
    const { number } = counted;
    if (number <= numbers.base && numbers.before > 0) {
      numbers.before -= 1;
      return;
    }
    if (number <= numbers.base && worker.pid === this.#asked?.pid) {
      worker.unclear.push({ counted, nowMs });
      return;
    }
    if (numbers.flowing.delete(number)) return;
    // Every line is taken once, so that one with a number that is not open is of a request that nobody saw come.
    const entry = numbers.open.get(number) ?? this.#arrive(numbers, number, nowMs);
    if (numbers.open.delete(number) && number > numbers.known) numbers.early.add(number);
    this.#settle(entry, counted, nowMs);
  }

  /** Nobody looked for a while: what was open then, and what came since, is not known. */
  interrupt(nowMs: number, reason: string): void {
    this.#waiting = [];
    if (this.#asked === null) return;
    this.#loseOpen([...this.#workers.values()], nowMs, reason);
    this.#loseSince(this.#asked.atMs, nowMs, reason);
    this.#workers.clear();
    this.#asked = null;
  }

  /** Requests of this worker whose end has not been told. */
  openOf(pid: number): number {
    const worker = this.#workers.get(pid);
    return worker === undefined ? 0 : entriesOf(worker).length;
  }

  inFlight(): Array<{ revisionId: string; count: number }> {
    const counts = new Map<string, number>();
    for (const worker of this.#workers.values())
      for (const { revisionId, kind, open } of worker.numbers.values())
        if (kind !== 'drawn') counts.set(revisionId, (counts.get(revisionId) ?? 0) + open.size);
    return [...counts].map(([revisionId, count]) => ({ revisionId, count }));
  }

  /** Cells of which something is not known, in any arm. */
  lostSince(sinceMs: number): LostSpan[] {
    return [...this.#lost].flatMap(([atMs, reason]) =>
      atMs < sinceMs ? [] : [{ fromMs: atMs, toMs: atMs + cellMs, reason }],
    );
  }

  #worker(pid: number, joined: boolean): Worker {
    const known = this.#workers.get(pid);
    if (known !== undefined) return known;
    const worker = {
      pid,
      numbers: new Map(),
      joined,
      firstLine: null,
      highestLine: -1,
      linesTaken: 0,
      missingSinceMs: null,
      unclear: [],
    };
    this.#workers.set(pid, worker);
    return worker;
  }

  #numbers(worker: Worker, { revisionId, kind }: CounterName, joined: ArrivalCount | null): Numbers {
    const key = `${revisionId}/${kind}`;
    const known = worker.numbers.get(key);
    if (known !== undefined) return known;
    const [base, before] = [joined?.arrived ?? 0, joined?.open ?? 0];
    // Whoever has served users before anybody looked is warm.
    if (base > 0) this.#seasoned.add(revisionId);
    const numbers: Numbers = {
      revisionId,
      kind,
      base,
      before,
      known: base,
      open: new Map(),
      early: new Set(),
      flowing: new Set(),
    };
    worker.numbers.set(key, numbers);
    return numbers;
  }

  /** Once another worker has taken over, numbers from the begin are those of new requests. */
  #clear(pid: number, nowMs: number): void {
    for (const worker of this.#workers.values()) {
      const young = worker.unclear.filter((line) => nowMs - line.nowMs < unclearMs);
      worker.unclear = worker.pid === pid ? young : [];
      if (worker.pid !== pid) for (const { counted } of young) this.#end(worker, counted, nowMs);
    }
  }

  #takeArrivals(numbers: Numbers, arrived: number, nowMs: number): void {
    const { revisionId, kind, known } = numbers;
    numbers.known = arrived;
    if (kind === 'stream') return;
    for (let number = known + 1; number <= arrived; number += 1) {
      if (kind === 'drawn') this.counter.drew(revisionId, 'user', nowMs);
      else if (!numbers.early.delete(number)) this.#arrive(numbers, number, nowMs);
    }
  }

  #arrive(numbers: Numbers, number: number, nowMs: number): OpenEntry {
    const stratum = numbers.kind === 'probe' ? 'probe' : 'user';
    const request = this.counter.arrived(numbers.revisionId, stratum, nowMs);
    const entry = { request, arrivedAtMs: nowMs, doubtful: false };
    numbers.open.set(number, entry);
    return entry;
  }

  #settle({ request }: OpenEntry, counted: Counted, nowMs: number): void {
    const { name, server, servedBy } = counted;
    const warmUp = server === null ? null : this.#warmUp(`${name.revisionId} ${server}`, name.revisionId, nowMs);
    if (warmUp?.isWarming(nowMs) === true) request.warming();
    if (counted.completed) warmUp?.answered();
    request.end(counted.ended, counted.durationMs, counted);
    if (counted.completed) request.completed();
    if (counted.completed && servedBy !== null && servedBy !== name.revisionId) request.mismatched();
  }

  #warmUp(key: string, revisionId: string, nowMs: number): WarmUp {
    let warmUp = this.#warmUps.get(key);
    if (warmUp === undefined) {
      warmUp = this.#seasoned.has(revisionId) ? WarmUp.done() : new WarmUp();
      warmUp.becameReady(nowMs);
      this.#warmUps.set(key, warmUp);
    }
    return warmUp;
  }

  /** HAProxy has fewer requests open than we believe: what is gone has ended without a line. */
  #findUnlogged(worker: Worker, { counts, nowMs }: ArrivalReading): void {
    for (const { revisionId, kind, open } of counts) {
      const entries = [...(worker.numbers.get(`${revisionId}/${kind}`)?.open.values() ?? [])];
      const certain = entries.filter((entry) => !entry.doubtful && nowMs - entry.arrivedAtMs > lineLagMs);
      if (certain.length > open) this.#loseOpen([worker], nowMs, 'HAProxy ended requests that its log did not tell of');
    }
  }

  /** Every line says how many were logged before it. Threads may overtake each other, so only what lasts is a loss. */
  #findMissing(nowMs: number): void {
    for (const worker of this.#workers.values()) {
      const missing = worker.highestLine - (worker.firstLine ?? 0) + 1 - worker.linesTaken;
      if (worker.firstLine === null || missing <= 0) {
        worker.missingSinceMs = null;
        continue;
      }
      worker.missingSinceMs ??= nowMs;
      if (nowMs - worker.missingSinceMs < lineLagMs) continue;
      this.#loseOpen([worker], nowMs, `${missing} lines of HAProxy's log were lost`);
      worker.linesTaken += missing;
      worker.missingSinceMs = null;
    }
  }

  #endOverdue(nowMs: number): void {
    for (const worker of this.#workers.values()) {
      const gone = worker.pid !== this.#asked?.pid;
      for (const { open, flowing } of worker.numbers.values()) {
        for (const [number, entry] of open) {
          // They came in this order, so the rest is younger.
          if (nowMs - entry.arrivedAtMs < this.#longestOpenMs) break;
          if (gone) this.#loseCell(entry.arrivedAtMs, 'a former process of HAProxy did not tell how a request ended');
          entry.request.end('flowing', this.#longestOpenMs, { client: null });
          open.delete(number);
          flowing.add(number);
        }
      }
    }
  }

  #loseOpen(workers: readonly Worker[], nowMs: number, reason: string): void {
    for (const entry of workers.flatMap(entriesOf)) {
      entry.doubtful = true;
      this.#loseCell(entry.arrivedAtMs, reason);
    }
    // A line may have come before the number that it bears was seen.
    this.#loseCell(nowMs, reason);
  }

  #loseSince(fromMs: number, toMs: number, reason: string): void {
    for (let atMs = Math.max(fromMs, toMs - keepMs); atMs <= toMs + cellMs; atMs += cellMs)
      this.#loseCell(atMs, reason);
  }

  #loseCell(atMs: number, reason: string): void {
    const cell = Math.floor(atMs / cellMs) * cellMs;
    if (!this.#lost.has(cell)) this.#lost.set(cell, reason);
  }

  #forget(nowMs: number): void {
    this.counter.forget(nowMs - keepMs - this.#longestOpenMs);
    for (const atMs of this.#lost.keys()) if (atMs < nowMs - keepMs - this.#longestOpenMs) this.#lost.delete(atMs);
  }
}

function entriesOf({ numbers }: Worker): OpenEntry[] {
  return [...numbers.values()].flatMap(({ open }) => [...open.values()]);
}
