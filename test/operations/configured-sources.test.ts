import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceAbilities } from '../../src/config/source-abilities.ts';
import { assertMetricsCompile, configuredSources } from '../../src/operations/configured-sources.ts';
import { createSampledDriver, probeSampled } from '../../src/operations/create-sampled-source.ts';
import { openPlace, type Place } from '../../src/operations/place.ts';
import { openProject } from '../../src/operations/project.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { configText } from '../config/config-text.ts';
import { createRevision } from '../fixtures/revisions.ts';
import { json, startJsonServer } from '../metrics/json-server.ts';

const clock = createSystemClock();
const { signal } = new AbortController();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seatrial-sources-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function placeWith(settings: string): Promise<Place> {
  writeFileSync(join(directory, 'seatrial.yaml'), configText(settings));
  const trust = { how: 'person', by: 'test', atMs: 0 } as const;
  return openPlace({ ...(await openProject(directory)), trust }, undefined);
}

const revisions = { baseline: createRevision('1.0.0'), canary: createRevision('2.0.0') };

describe('configured sources', () => {
  it.each([
    [
      'prometheus',
      '{ source: prometheus, url: "http://p", match: "v=\\"{{version}}\\"", template: traefik, events: { orders: { events: a, opportunities: b } } }',
    ],
    [
      'prometheus',
      '{ source: prometheus, url: "http://p", match: "v=\\"{{version}}\\"", template: haproxy, inFlight: c }',
    ],
    [
      'json-endpoint',
      '{ source: json-endpoint, url: "http://x/{{version}}", counts: { kind: counter, requests: a, failures: b }, latency: c }',
    ],
    ['command', '{ source: command, command: [x], latency: true, events: [orders] }'],
  ])('are made of %s settings, and tell what the plan was told they can', async (kind, metrics) => {
    const place = await placeWith(`    metrics: ${metrics}`);
    const { primary, business } = configuredSources(place, revisions, clock);
    if (primary === null) throw new Error('no source');
    const source = createSampledDriver(primary);
    expect([source.kind, business.length]).toEqual([kind, 0]);
    expect(source.traits).toMatchObject(sourceAbilities(place.spec));
  });

  it('are the business metrics alone where the target counts requests', async () => {
    const place = await placeWith('    business: [{ name: conversion, from: { source: command, command: [x] } }]');
    const { primary, business } = configuredSources(place, revisions, clock);
    expect(primary).toBeNull();
    expect(business.map((one) => createSampledDriver(one).traits.events)).toEqual([['conversion']]);
  });

  it.each([
    [
      'a JMESPath that is none',
      '    metrics: { source: json-endpoint, url: "http://x/{{version}}", counts: { kind: counter, requests: "a[", failures: b } }',
      /a\[ is no JMESPath/,
    ],
    [
      'half of the queries',
      '    metrics: { source: prometheus, url: "http://p", match: "v=\\"{{version}}\\"", requests: a }',
      /needs requests and failures/,
    ],
  ])('are refused when they are planned, for %s', async (_, settings, message) => {
    const place = await placeWith(settings);
    expect(() => assertMetricsCompile(place, revisions, clock)).toThrow(message);
    expect(() => assertMetricsCompile(place, revisions, clock)).toThrow(
      expect.objectContaining({ code: 'METRICS_INVALID' }),
    );
  });

  it('are asked once before a run', async ({ onTestFinished }) => {
    const server = await startJsonServer(json({ requests: 40, failures: 2 }));
    onTestFinished(server.close);
    const place = await placeWith(
      `    metrics: { source: json-endpoint, url: "${server.url}?v={{version}}", counts: { kind: counter, requests: requests, failures: failures } }`,
    );
    const { primary } = configuredSources(place, { ...revisions, canary: null }, clock);
    if (primary === null) throw new Error('no source');
    expect(await probeSampled(primary, signal)).toEqual({
      reason: 'json-endpoint tells of 40 (2 of them failed)',
      evidence: { samples: 40, failures: 2 },
    });
    server.answer((_, response) => response.writeHead(401).end());
    await expect(probeSampled(primary, signal)).rejects.toThrow(/status 401/);
  });
});
