import {
  alphaRollback,
  errorMargin,
  errorRateAlone,
  fourMetrics,
  latencyAlone,
  latencyRatio,
  leastThroughput,
  ordersAlone,
  throughputAlone,
} from './judge-settings.ts';
import type { JudgedCell } from './judged-cell.ts';
import { lognormalLatency, quietScenario, type Scenario, steppedWeights, type WeightChange } from './scenario.ts';

const minute = 60_000;
const alone = { alpha: alphaRollback, historyMs: null, readEveryMs: 2000 };

/**
 * Everything that must not be rolled back: identical versions, and a canary exactly on the limit, the worst case that α
 * speaks of; over traffic, ratios and weights, and under everything that happens in production without being harm.
 */
export function falseRollbackCells(): JudgedCell[] {
  return [...errorRateGrid(), ...errorRateDisturbed(), ...latencyCells(), ...countsCells(), ...wholeRunCells()];
}

type Place = Pick<Scenario, 'requestsPerSecond' | 'baselineRatio' | 'weights' | 'limitMs'>;

/** Every rate with every weight; the ratios go round, so that each meets every rate and every weight. */
function errorRateGrid(): JudgedCell[] {
  const ratios = [0.0001, 0.001, 0.01, 0.05];
  const weights = [1, 5, 25, 50];
  // Windows of few requests are pooled by the judge anyway; longer ones spare time.
  const windows = new Map([
    [1, 5000],
    [10, 2500],
  ]);
  const limits = new Map([
    [1, 20 * minute],
    [10, 10 * minute],
    [100, 2.5 * minute],
    [1000, 1.5 * minute],
  ]);
  return [...limits].flatMap(([requestsPerSecond, limitMs], row) =>
    weights.flatMap((percent, column) => {
      const baselineRatio = ratios[(row + column) % ratios.length] ?? 0;
      const place = { requestsPerSecond, baselineRatio, weights: always(percent), limitMs };
      const both = bothErrorRates(`${requestsPerSecond} rps, p0 ${100 * baselineRatio} %, ${percent} %`, place, {
        windowMs: windows.get(requestsPerSecond) ?? 1000,
      });
      // Identical versions are far within the margin: every other field of the board will do.
      return (row + column) % 2 === 0 ? both : both.slice(1);
    }),
  );
}

function errorRateDisturbed(): JudgedCell[] {
  const limitMs = 2.5 * minute;
  const at = (percent: number): Place => ({
    requestsPerSecond: 100,
    baselineRatio: 0.01,
    weights: always(percent),
    limitMs,
  });
  const stepped: Place = { ...at(5), weights: steppedWeights(limitMs) };
  const drift = { factor: 3, periodMs: 2 * minute };
  const shock = { everyMs: 2 * minute, lengthMs: 20_000, ratio: 0.3 };
  const slow = { successMs: 2000, failureMs: 10 };
  return [
    ...bothErrorRates('drift ×3, 5 %', at(5), { drift }),
    ...bothErrorRates('shared shocks, 5 %', at(5), { shock }),
    ...bothErrorRates('half an hour, 25 %', { ...at(25), limitMs: 30 * minute }, { windowMs: 5000 }).slice(1),
    ...bothErrorRates('ten times what history says, 5 %', at(5), { historyRatio: 0.001 }).slice(1),
    ...bothErrorRates('late onset, 5 %', at(5), { onsetMs: minute }).slice(1),
    ...bothErrorRates('weights 5→25→50→99', stepped, {}),
    ...bothErrorRates('weights 5→25→50→99, drift ×3, shocks', stepped, { drift, shock }),
    ...[5, 25].flatMap((percent) => bothErrorRates(`slow successes, ${percent} %`, at(percent), { slow })),
    ...bothErrorRates('slow failures (time-outs), 5 %', at(5), { slow: { successMs: 50, failureMs: 5000 } }),
    ...bothErrorRates('slow successes, weights 5→25→50→99', stepped, { slow }).slice(1),
    ...bothErrorRates('weights 5→50→100, no baseline at last', { ...at(5), weights: toTheLast(limitMs) }, {}),
    ...bothErrorRates('windows of 125 ms, 5 %', { ...at(5), limitMs: 2 * minute }, { windowMs: 125 }),
    ...burstCells(at),
  ];
}

function burstCells(at: (percent: number) => Place): JudgedCell[] {
  const known = { clientsKnown: true, excessAlone: false };
  const unknown = { clientsKnown: false, excessAlone: false };
  const mixed = { size: 20, clientsKnown: true, excessAlone: true };
  // A source that counts requests when they end, scraped every 5 s.
  const scraped = { windowMs: 5000, limitMs: 10 * minute };
  const shock = { everyMs: 2 * minute, lengthMs: 2 * minute, ratio: 0.3 };
  return [
    ...[5, 20, 50].flatMap((size) => [
      ...bothErrorRates(`bursts of ${size}, 5 %`, at(5), { limitMs: 5 * minute, burst: { size, ...known } }),
      ...bothErrorRates(`bursts of ${size}, 50 %`, at(50), { limitMs: 5 * minute, burst: { size, ...known } }).slice(1),
      ...bothErrorRates(`bursts of ${size}, nothing known`, at(5), { ...scraped, burst: { size, ...unknown } }).map(
        // Identical versions are safe from bursts all the same; on the margin somebody has to know of them.
        (cell, index) => (index === 0 ? cell : { ...cell, group: 'outside the promise', alpha: null }),
      ),
      ...bothErrorRates(`bursts of ${size}, scraped`, at(5), { ...scraped, burst: { size, ...unknown } }).map(
        (cell) => ({
          ...cell,
          historyMs: 10 * minute,
        }),
      ),
    ]),
    ...bothErrorRates('bursts of 1, nothing known, all fail 30 %', at(5), { shock, burst: { size: 1, ...unknown } }),
    ...bothErrorRates('bursts of 20 in both, excess without', at(5), { burst: mixed }).slice(1),
    ...bothErrorRates('one user whose every request fails, 2/s', at(5), { stuckClient: { perSecond: 2 } }),
    ...bothErrorRates('one user whose every request fails, 20/s', at(25), { stuckClient: { perSecond: 20 } }),
  ];
}

function bothErrorRates(name: string, place: Place, extra: Partial<Scenario>): JudgedCell[] {
  const cell = { ...alone, settings: errorRateAlone, watch: ['errorRate'], readEveryMs: 5000 };
  const scenario = { ...quietScenario, historyRatio: place.baselineRatio, ...place, ...extra };
  return [
    { ...cell, group: 'error rate, identical', name, scenario },
    { ...cell, group: 'error rate, on the margin', name, scenario: { ...scenario, canaryExcess: errorMargin } },
  ];
}

function latencyCells(): JudgedCell[] {
  const limitMs = 1.5 * minute;
  const stepped = { weights: steppedWeights(limitMs) };
  const slow = { successMs: 2000, failureMs: 10 };
  const changes: LatencyChange[] = [
    ['100 rps, 5 %', {}, {}],
    ['1000 rps, 5 %', { requestsPerSecond: 1000, limitMs: minute }, {}],
    ['weights 5→25→50→99, both slower at 25 and 99 %', stepped, { shiftAtWeightChange: 2 }],
    ['both drift by ×1.5', {}, { drift: { factor: 1.5, periodMs: minute } }],
    ['heavy tail: 2 % of requests ×20', {}, { tail: { share: 0.02, factor: 20 } }],
    ['slow successes, 5 %', { slow }, {}],
  ];
  const identical: LatencyChange[] = [['cold start: ×5 for 6 s', {}, { coldStart: { factor: 5, lengthMs: 6000 } }]];
  const onLimit: LatencyChange[] = [
    ['10 rps, 25 %', { requestsPerSecond: 10, weights: always(25), limitMs: 10 * minute, windowMs: 5000 }, {}],
    ['100 rps, 50 %', { weights: always(50) }, {}],
    ['late onset after 1 min', { onsetMs: minute }, {}],
  ];
  const cell = { ...alone, settings: latencyAlone, watch: ['latencyP99'] };
  const make = (group: string, canaryFactor: number, made: LatencyChange[]): JudgedCell[] =>
    made.map(([name, scenario, latency]) => ({
      ...cell,
      group,
      name,
      scenario: { ...quietScenario, limitMs, ...scenario, latency: { ...lognormalLatency, canaryFactor, ...latency } },
    }));
  return [
    ...make('p99, identical', 1, [...changes, ...identical]),
    ...make('p99, exactly ×1.2', latencyRatio, [...changes, ...onLimit]),
  ];
}

type LatencyChange = [string, Partial<Scenario>, Partial<NonNullable<Scenario['latency']>>];

function countsCells(): JudgedCell[] {
  const limitMs = 2.5 * minute;
  const place = { ...quietScenario, limitMs };
  const slow = { successMs: 2000, failureMs: 10 };
  const on = { canarySuccess: leastThroughput };
  const throughput = { ...alone, settings: throughputAlone, watch: ['throughput'] };
  const orders = { ...alone, settings: ordersAlone, watch: ['orders'] };
  const onOrders = { events: { ratio: 0.1, canaryFactor: leastThroughput } };
  const stepped = { weights: steppedWeights(limitMs) };
  const group = 'throughput, exactly ×0.7';
  const group2 = 'events, exactly ×0.7';
  return [
    { ...throughput, group: 'throughput, identical', name: 'slow successes, 5 %', scenario: { ...place, slow } },
    { ...throughput, group, name: '100 rps, 5 %', scenario: { ...place, ...on } },
    {
      ...throughput,
      group,
      name: '10 rps, 25 %',
      scenario: { ...place, ...on, requestsPerSecond: 10, windowMs: 2000, ...always25 },
    },
    { ...throughput, group, name: 'weights 5→25→50→99', scenario: { ...place, ...on, ...stepped } },
    { ...throughput, group, name: 'slow successes, 5 %', scenario: { ...place, ...on, slow } },
    { ...orders, group: 'events, identical', name: '100 rps, 5 %', scenario: { ...place, events: ordersAlike } },
    { ...orders, group: group2, name: '100 rps, 5 %', scenario: { ...place, ...onOrders } },
    { ...orders, group: group2, name: 'weights 5→25→50→99', scenario: { ...place, ...onOrders, ...stepped } },
  ];
}

/** Four metrics, α divided among them: none of them may roll back. */
function wholeRunCells(): JudgedCell[] {
  const limitMs = 2 * minute;
  const cell = { ...alone, settings: fourMetrics, watch: ['errorRate', 'latencyP99', 'throughput', 'orders'] };
  const alike = { ...quietScenario, limitMs, latency: lognormalLatency, events: ordersAlike };
  const onLimits = {
    ...alike,
    canaryExcess: errorMargin,
    latency: { ...lognormalLatency, canaryFactor: latencyRatio },
    events: { ...ordersAlike, canaryFactor: leastThroughput },
  };
  const stepped = { weights: steppedWeights(limitMs) };
  const shifted = { ...stepped, latency: { ...lognormalLatency, shiftAtWeightChange: 2 } };
  const slow = { successMs: 2000, failureMs: 10 };
  return [
    { ...cell, group: 'four metrics, identical', name: '100 rps, 5 %', scenario: alike },
    { ...cell, group: 'four metrics, identical', name: 'weights, both slower', scenario: { ...alike, ...shifted } },
    {
      ...cell,
      group: 'four metrics, identical',
      name: 'slow successes, 25 %',
      scenario: { ...alike, slow, ...always25 },
    },
    { ...cell, group: 'four metrics, on their limits', name: '100 rps, 25 %', scenario: { ...onLimits, ...always25 } },
    {
      ...cell,
      group: 'four metrics, on their limits',
      name: 'weights 5→25→50→99',
      scenario: { ...onLimits, ...stepped },
    },
  ];
}

const ordersAlike = { ratio: 0.1, canaryFactor: 1 };
const always25 = { weights: always(25) };

function toTheLast(limitMs: number): WeightChange[] {
  return [5, 50, 100].map((percent, index) => ({ fromMs: (index * limitMs) / 3, percent }));
}

function always(percent: number): WeightChange[] {
  return [{ fromMs: 0, percent }];
}
