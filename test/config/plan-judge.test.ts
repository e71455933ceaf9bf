import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { loadEnvironment } from '../../src/config/load-environment.ts';
import { planJudge } from '../../src/config/plan-judge.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Step } from '../../src/model/step.ts';
import { createRevision } from '../fixtures/revisions.ts';
import { configText } from './config-text.ts';

const bakeAt = (weightPercent: number): Step => ({
  kind: 'bake',
  id: `bake-${weightPercent}`,
  weightPercent,
  minMs: 1,
  maxMs: 2,
});

function planned(
  extra: string,
  { weights = [5, 99], stable = true }: { weights?: number[]; stable?: boolean } = {},
): ReturnType<typeof planJudge> {
  const { spec } = loadEnvironment(parseConfig(configText(extra)).config);
  return planJudge({
    environment: 'production',
    spec,
    stable: stable ? createRevision('1.0.0') : null,
    steps: weights.map(bakeAt),
  });
}

function refusalOf(make: () => unknown): DeployError {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof DeployError) return thrown;
    throw thrown;
  }
  throw new Error('it was accepted');
}

const names = ({ judge }: ReturnType<typeof planJudge>): string[] => judge.comparisons.map(({ metric }) => metric);
const prometheus = 'source: prometheus, url: "http://127.0.0.1:9090", match: \'version="{{version}}"\'';

describe('the judge of a plan', () => {
  test('compares everything where something always stays on stable, and has nothing to note', () => {
    const plan = planned('');
    expect(names(plan)).toEqual(['latencyP99', 'throughput']);
    expect(plan.notes).toEqual([]);
  });

  test('names what the source cannot measure, leaves it out, and gives its share to the others', () => {
    const { judge, notes } = planned(
      `    metrics: { ${prometheus}, requests: http_requests_total, failures: 'http_requests_total{code="500"}' }`,
    );
    expect([judge.comparisons, judge.errorRateShare]).toEqual([[], 1]);
    expect(notes).toEqual([
      'latencyP99 is not judged: the metrics source prometheus has no latencies',
      'throughput is not judged: the metrics source prometheus learns of requests when they end, so that it does not see those that never do',
      expect.stringMatching(/^the metrics source prometheus cannot tell clients apart: .*strategy.aaPhase/),
    ]);
  });

  test('behind HAProxy offers its log, and with it judges all but streams', () => {
    const around =
      'socket: /run/h.sock, slots: { a: a, b: b }, splitMap: /m/s.map, revisionsMap: /m/r.map, stateFile: /m/s.state';
    const behind = (more: string) => {
      const text = configText().replace('kind: process', `kind: haproxy, ${around}${more}`);
      const { spec } = loadEnvironment(parseConfig(text).config);
      return planJudge({
        environment: 'production',
        spec,
        stable: createRevision('1.0.0'),
        steps: [5, 99].map(bakeAt),
      });
    };
    const totals = behind('');
    expect(names(totals)).toEqual([]);
    expect(totals.notes[0]).toBe(
      'latencyP99 is not judged: the metrics source proxy has no latencies; with target.requestLog HAProxy tells of each request',
    );
    const logged = behind(', requestLog: true');
    expect(names(logged)).toEqual(['latencyP99', 'throughput']);
    expect(logged.notes).toEqual([
      'websockets and event streams are not judged: HAProxy tells of them when they are closed',
    ]);
  });

  test('says that wide buckets prove only large slowdowns', () => {
    const plan = planned(`    metrics: { ${prometheus}, template: http, inFlight: http_in_flight }`);
    expect(names(plan)).toEqual(['latencyP99']);
    expect(plan.notes).toEqual([
      expect.stringMatching(/throughput is not judged/),
      expect.stringMatching(/cannot tell clients apart/),
      expect.stringMatching(/latencies in wide buckets/),
    ]);
    const known = planned(`    metrics: { ${prometheus}, template: http }\n    judge: { overdispersion: 3 }`);
    expect(known.notes.join()).not.toContain('clients apart');
  });

  test('a strategy that leaves nothing on stable compares nothing, and says so', () => {
    const plan = planned('', { weights: [100] });
    expect([names(plan), plan.judge.errorRateShare]).toEqual([[], 1]);
    expect(plan.notes).toEqual([expect.stringMatching(/^not judged: latencyP99, throughput; with this strategy/)]);
    const rolling = planned('', { weights: [50, 100] });
    expect(names(rolling)).toEqual(['latencyP99', 'throughput']);
    expect(rolling.notes).toEqual([expect.stringMatching(/^not judged at 100 %: latencyP99, throughput/)]);
  });

  test('a first deploy has nothing to compare with and nothing to prove', () => {
    const { judge, notes } = planned('    judge: { mustPass: [errorRate, latencyP99] }', {
      weights: [100],
      stable: false,
    });
    expect([judge.mustPass, judge.comparisons, notes]).toEqual([[], [], []]);
  });

  test('synthetic requests may have to pass too; where nothing stays on stable there are none', () => {
    const extra = '    judge: { mustPass: ["errorRate:synthetic"], lowTraffic: { synthetic: {} } }';
    expect(planned(extra).judge.mustPass).toEqual(['errorRate:synthetic']);
    expect(refusalOf(() => planned(extra, { weights: [100] })).message).toContain('cannot be proven at 100 %');
    const off = planned('    judge: { lowTraffic: { synthetic: {} } }', { weights: [100] });
    expect(off.judge.synthetic).toBeNull();
    expect(off.notes[0]).toContain('errorRate:synthetic');
  });

  test('any metric that is measured may have to pass', () => {
    const { judge } = planned(
      '    judge: { mustPass: [latencyP99, throughput, "slo:errorRate", conversion] }\n    slos: { errorRate: { target: 1% } }\n    business: [{ name: conversion, from: { source: command, command: [x] } }]',
    );
    expect(judge.mustPass).toEqual(['latencyP99', 'throughput', 'slo:errorRate', 'conversion']);
  });

  test('a metric that nothing measures is refused, with the names there are', () => {
    const error = refusalOf(() => planned('    judge: { mustPass: [errorRate, latencyP95, split] }'));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain(
      'environments.production.judge.mustPass: nothing measures "latencyP95"; there is: errorRate, latencyP99, throughput (did you mean latencyP99?)',
    );
    expect(error.message).toContain('nothing measures "split"');
    const off = refusalOf(() => planned('    judge: { mustPass: [latencyP99] }\n    triggers: { latency: false }'));
    expect(off.message).toContain('there is: errorRate, throughput');
  });

  test('what needs both arms may not have to pass where only one is left', () => {
    const error = refusalOf(() => planned('    judge: { mustPass: [throughput] }', { weights: [5, 100] }));
    expect(error.message).toContain('"throughput" cannot be proven at 100 %');
    expect(error.message).toContain('set strategy.holdBack above 0%');
    expect(planned('    judge: { mustPass: [errorRate] }', { weights: [5, 100] }).judge.mustPass).toEqual([
      'errorRate',
    ]);
  });

  test('promote without smoke tests is noted', () => {
    expect(planned('    judge: { onInconclusive: promote }').notes).toEqual([
      expect.stringMatching(/needs smoke tests/),
    ]);
    const smoke = '    smoke: [{ name: a, command: [x] }]';
    expect(planned(`    judge: { onInconclusive: promote }\n${smoke}`).notes).toEqual([]);
  });
});
