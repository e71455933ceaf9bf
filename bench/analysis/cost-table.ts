import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createJudge } from '../../src/analysis/judge.ts';
import type { JudgedWindow } from '../../src/model/judged-window.ts';
import type { JudgeSettings } from '../../src/model/verdict.ts';
import { type BenchTable, short } from './bench-table.ts';
import { errorRateAlone, fourMetrics, latencyAlone, ordersAlone, throughputAlone } from './judge-settings.ts';
import { lognormalLatency, quietScenario } from './scenario.ts';
import { createTrace, viewAt } from './trace.ts';

const windowRequests = 1000;
const allRequests = 10_000_000;
const assessRounds = 500;
/** The windows are fed again and again with later times, so that making them does not count. */
const differentWindows = 200;
const errorRateBudgetUs = 50;
const latencyBudgetUs = 250;

/** What the judge costs: time of an update, and memory after few and after very many requests. */
export function costTable(): BenchTable {
  const windows = drawWindows();
  const updates = allRequests / windowRequests;
  const kinds: Array<[string, JudgeSettings]> = [
    ['error rate', errorRateAlone],
    ['p99', latencyAlone],
    ['throughput', throughputAlone],
    ['orders', ordersAlone],
    ['four metrics', fourMetrics],
  ];
  const measured = kinds.map(([name, settings]) => ({ name, ...measure(settings, windows, updates) }));
  const missed = missedBudgets(measured);
  return {
    title: 'Cost of judging',
    columns: ['metrics', 'requests', 'µs/update', 'µs/assess', 'snapshot after 10⁵', 'at the end', 'heap grown since'],
    rows: measured.map((one) => [
      one.name === 'error rate' || one.name === 'four metrics' ? one.name : `error rate and ${one.name}`,
      (updates * windowRequests).toExponential(0),
      short(one.updateUs),
      short(one.assessUs),
      `${one.earlyBytes} B`,
      `${one.lateBytes} B`,
      `${short(one.heapGrownKib)} KiB`,
    ]),
    notes: [
      `an update is one window of about ${windowRequests} requests at 50 % weight with what is judged of it (events included); one core, node ${process.version}`,
      'times are of the processor, so that other load does not count; heap after a full collection; a snapshot is everything that is remembered, as JSON',
      `budgets: error rate ${errorRateBudgetUs} µs an update; p99 ${latencyBudgetUs} µs more for update and assess together`,
      ...missed.map((name) => `MISSED: ${name} is over its budget, on this machine at this time`),
    ],
  };
}

function missedBudgets(measured: ReadonlyArray<Cost & { name: string }>): string[] {
  const alone = measured.find(({ name }) => name === 'error rate');
  const latency = measured.find(({ name }) => name === 'p99');
  if (alone === undefined || latency === undefined) return [];
  const latencyUs = latency.updateUs + latency.assessUs - alone.updateUs - alone.assessUs;
  return [
    ...(alone.updateUs > errorRateBudgetUs ? ['error rate'] : []),
    ...(latencyUs > latencyBudgetUs ? ['p99'] : []),
  ];
}

type Cost = { updateUs: number; assessUs: number; earlyBytes: number; lateBytes: number; heapGrownKib: number };

function measure(settings: JudgeSettings, windows: readonly JudgedWindow[], updates: number): Cost {
  const judge = createJudge(settings, { bakes: 1, prior: { requests: 2000, failures: 2 } });
  judge.beginBake('bake', 0, 50);
  const bytes = (): number => Buffer.byteLength(JSON.stringify(judge.snapshot()));
  const hasEvents = settings.comparisons.some(({ kind }) => kind === 'events');
  const early = 100_000 / windowRequests;
  const hasLatency = settings.comparisons.some(({ kind }) => kind === 'latency');
  const given = hasLatency ? windows : windows.map((window) => ({ ...window, latency: null }));
  const feed = (fromUpdate: number, toUpdate: number): void => {
    for (let update = fromUpdate; update < toUpdate; update++) {
      const window = at(given, update);
      judge.observe(window);
      if (hasEvents) judge.addEvents(ordersOf(window));
    }
  };
  feed(0, early);
  const [earlyBytes, earlyHeap] = [bytes(), heapKib()];
  // These warm the compilers.
  const warm = updates / 4;
  feed(early, warm);
  const updateUs = processorUs(() => feed(warm, updates)) / (updates - warm);
  const [lateBytes, heapGrownKib] = [bytes(), heapKib() - earlyHeap];
  const nowMs = updates * quietScenario.windowMs;
  const assessUs = processorUs(() => {
    for (let round = 0; round < assessRounds; round++) judge.assess(nowMs);
  });
  return { updateUs, assessUs: assessUs / assessRounds, earlyBytes, lateBytes, heapGrownKib };
}

function processorUs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function ordersOf({
  fromMs,
  toMs,
  canary,
  baseline,
}: JudgedWindow): Parameters<ReturnType<typeof createJudge>['addEvents']>[0] {
  const orders = (requests: number): { events: number; opportunities: number } => ({
    events: Math.floor(requests / 10),
    opportunities: requests,
  });
  return { metric: 'orders', fromMs, toMs, canary: orders(canary.requests), baseline: orders(baseline.requests) };
}

function at(windows: readonly JudgedWindow[], update: number): JudgedWindow {
  const window = windows[update % windows.length];
  if (window === undefined) throw new Error('there are no windows');
  const fromMs = update * quietScenario.windowMs;
  return { ...window, fromMs, toMs: fromMs + quietScenario.windowMs };
}

function drawWindows(): JudgedWindow[] {
  const scenario = {
    ...quietScenario,
    requestsPerSecond: windowRequests,
    weights: [{ fromMs: 0, percent: 50 }],
    latency: lognormalLatency,
  };
  const trace = createTrace(scenario, 1);
  return Array.from({ length: differentWindows }, () => {
    const window = trace.next();
    if (window === null) throw new Error('the trace is too short');
    return viewAt(window, Number.POSITIVE_INFINITY);
  });
}

/** After a full collection: what is held. */
function heapKib(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage().heapUsed / 1024;
}
