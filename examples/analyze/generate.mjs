// Makes the two data files beside it, always the same: node examples/analyze/generate.mjs
//   good-release.jsonl  two minutes, 25 % of 80 requests a second, both versions fail 0.3 % and answer alike; with latency buckets
//   bad-release.csv     two minutes, 10 % of 100 requests a second; from the 30th second on the canary fails 12 % instead of 0.2 %
import { writeFileSync } from 'node:fs';

const edgesMs = [5, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000];

write('good-release.jsonl', goodRelease(createRandom(20261121)));
write('bad-release.csv', badRelease(createRandom(20261122)));

function goodRelease(random) {
  return seconds(120).flatMap((second) =>
    [
      { arm: 'baseline', perSecond: 60 },
      { arm: 'canary', perSecond: 20 },
    ].map(({ arm, perSecond }) => {
      const n = poisson(random, perSecond);
      const errors = binomial(random, n, 0.003);
      return JSON.stringify({ t: second * 1000, arm, n, errors, buckets: buckets(random, n) });
    }),
  );
}

function badRelease(random) {
  const rows = seconds(120).flatMap((second) =>
    [
      { arm: 'baseline', perSecond: 90, failureRatio: 0.002 },
      { arm: 'canary', perSecond: 10, failureRatio: second < 30 ? 0.002 : 0.12 },
    ].map(({ arm, perSecond, failureRatio }) => {
      const n = poisson(random, perSecond);
      return [second * 1000, arm, n, binomial(random, n, failureRatio)].join(',');
    }),
  );
  return ['# Made by examples/analyze/generate.mjs; the fault begins at t = 30000.', 't,arm,n,errors', ...rows];
}

function seconds(count) {
  return Array.from({ length: count }, (_, second) => second);
}

/** Latencies around 20 ms with a long tail, as counts by upper edge. */
function buckets(random, n) {
  const counts = {};
  for (let request = 0; request < n; request++) {
    const ms = 20 * Math.exp(0.6 * normal(random));
    const edge = edgesMs.find((one) => ms <= one) ?? '+Inf';
    counts[edge] = (counts[edge] ?? 0) + 1;
  }
  return counts;
}

/** mulberry32 */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function poisson(random, mean) {
  let count = 0;
  for (let product = random(); product > Math.exp(-mean); product *= random()) count++;
  return count;
}

function binomial(random, n, ratio) {
  let count = 0;
  for (let trial = 0; trial < n; trial++) if (random() < ratio) count++;
  return count;
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function write(name, lines) {
  writeFileSync(new URL(name, import.meta.url), `${lines.join('\n')}\n`);
}
