import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { prometheusQueries } from '../../src/metrics/configured-source.ts';
import { fillSelector, pastSelector } from '../../src/metrics/prometheus-selectors.ts';
import { prometheusTemplates } from '../../src/model/config/metrics.ts';
import { configText, errorOf } from './config-text.ts';

const withMetrics = (metrics: string): string => configText(`    metrics: ${metrics}`);
const listOf = (metrics: string): string => errorOf(withMetrics(metrics)).message;

describe('metrics settings', () => {
  it('have defaults', () => {
    const { config } = parseConfig(
      withMetrics('{ source: prometheus, url: "http://p:9090", template: http, match: \'v="{{version}}"\' }'),
    );
    expect(config.environments['production']?.metrics).toMatchObject({
      every: 5000,
      timeout: 3000,
      headersFromEnv: {},
    });
    expect(config.environments['production']?.business).toEqual([]);
  });

  it.each([
    [
      'a gauge without its sample size',
      '{ source: json-endpoint, url: "http://x/y", counts: { kind: gauge, ratio: r } }',
      /500 of 1000 are the same ratio/,
    ],
    ['a secret in the address', '{ source: prometheus, url: "http://me:pw@p", template: http }', /headersFromEnv/],
    [
      'both arms alike',
      '{ source: prometheus, url: "http://p", template: http, match: \'job="a"\' }',
      /both revisions would be asked the same/,
    ],
    [
      'no arms at all',
      '{ source: prometheus, url: "http://p", template: http }',
      /both revisions would be asked the same/,
    ],
    [
      'one document for both arms',
      '{ source: json-endpoint, url: "http://p/x", counts: { kind: counter, requests: a, failures: b } }',
      /both revisions would be asked the same/,
    ],
    ['an unknown template', '{ source: prometheus, url: "http://p", template: nginx }', /nginx-ingress/],
    [
      'an aggregated query',
      '{ source: prometheus, url: "http://p", requests: "sum(rate(a[5m]))", failures: b }',
      /raw series/,
    ],
    [
      'two selectors in one',
      `{ source: prometheus, url: "http://p", requests: 'a{b="c"} or d{e="f"}', failures: b }`,
      /raw series/,
    ],
    [
      'a placeholder outside quotes',
      '{ source: prometheus, url: "http://p", template: http, match: "version={{version}}" }',
      /inside quotes/,
    ],
    [
      'an unknown placeholder',
      `{ source: prometheus, url: "http://p", template: http, match: 'v="{{tag}}"' }`,
      /\{\{tag\}\} is not there/,
    ],
    [
      'an unknown placeholder in an address',
      '{ source: json-endpoint, url: "http://x/{{arm}}", counts: { kind: counter, requests: a, failures: b } }',
      /unknown placeholder/,
    ],
    ['a too short interval', '{ source: command, command: [x], every: 100ms }', /from 250ms to 10m/],
    [
      'a header value instead of a variable',
      '{ source: prometheus, url: "http://p", template: http, headersFromEnv: { authorization: "Bearer x" } }',
      /name of a variable/,
    ],
  ])('refuse %s', (_, metrics, message) => {
    expect(listOf(metrics)).toMatch(message);
  });

  it('refuse a business metric twice, and one without a limit that can be tested', () => {
    const one = '{ name: conversion, least: 80%, from: { source: command, command: [x] } }';
    const of = (list: string): string => errorOf(configText(`    business: [${list}]`)).message;
    expect(of(`${one}, ${one}`)).toMatch(/twice/);
    expect(of(one.replace('80%', '100%'))).toMatch(/below 100%/);
    expect(of(one.replace('80%', '0%'))).toMatch(/above 0%/);
  });
});

describe('prometheus queries', () => {
  const spec = (extra: object) => {
    const { config } = parseConfig(
      withMetrics(JSON.stringify({ source: 'prometheus', url: 'http://p', match: 'v="{{version}}"', ...extra })),
    );
    const metrics = config.environments['production']?.metrics;
    if (metrics?.source !== 'prometheus') throw new Error('not prometheus');
    return metrics;
  };

  it.each(prometheusTemplates)('of the template %s are complete', (template) => {
    const queries = prometheusQueries(spec({ template }));
    expect(queries.requests).not.toBeNull();
    expect(queries.failures.length).toBeGreaterThan(0);
  });

  it('of one’s own stand in place of the template, and failures go with requests', () => {
    expect(prometheusQueries(spec({ template: 'http', failures: 'f' }))).toMatchObject({
      requests: 'http_requests_total',
      failures: ['f'],
    });
    expect(() => prometheusQueries(spec({ template: 'http', requests: 'r' }))).toThrow(/needs requests and failures/);
    expect(() => prometheusQueries(spec({ failures: 'f' }))).toThrow(/needs requests and failures/);
  });

  it('take versions only as label values', () => {
    const revision = { version: '1"} or up{a="\\\n', revisionId: "r'1" };
    expect(fillSelector('a_total{code=~"5.."}', { match: `v="{{version}}",r='{{revisionId}}'`, revision })).toBe(
      `a_total{code=~"5..",v="1\\"} or up{a=\\"\\\\\\n",r='r\\x271'}`,
    );
    expect(fillSelector('a', { match: null, revision, suffix: '_bucket' })).toBe('a_bucket');
    expect(pastSelector('a{x="1"}', 'v="{{version}}"')).toBe('a{x="1",v=~".+"}');
  });
});
