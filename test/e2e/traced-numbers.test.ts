import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportSchema } from '../../src/report/report-schema.ts';
import {
  alterations,
  describeTraced,
  traceDocument,
  unnoticed,
  type Walk,
} from '../fixtures/traced-numbers/trace-document.ts';
import { listsOfEvents, traceJson } from '../fixtures/traced-numbers/trace-json.ts';
import { readTracedRun } from '../fixtures/traced-numbers/traced-run.ts';
import { type Clients, createScratch, type Scratch, sleep } from './scratch-project.ts';

/**
 * A canary of the demo shop that goes bad once it has users, watched by the prober and rolled back by the built bundle; then
 * what it left in the project, read as people do, number by number against the journal.
 */
describe('the documents of a real bad release', { timeout: 300_000 }, () => {
  let scratch: Scratch;
  let clients: Clients | null = null;
  let runId = '';
  let walk: Walk;
  const documents: Record<string, string> = {};

  const ship = (version: string): { runId: string; outcome: string } => {
    const done = scratch.cli(['ship', version, '--yes', '--json'], { timeoutMs: 240_000 });
    const answer = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '{}');
    if (answer.data?.outcome === undefined) throw new Error(`${done.stdout}\n${done.stderr}`);
    return answer.data;
  };
  const read = (path: string): string => readFileSync(join(scratch.directory, '.seatrial', path), 'utf8');

  beforeAll(async () => {
    scratch = await createScratch();
    const period = 'period: 30d';
    scratch.writeConfig({
      approval: '{ how: none }',
      metrics: '{ source: prober, path: /products, rate: 60/s, timeout: 2s }',
      extra: `    notify: [{ file: told.jsonl }]\n    slos: { errorRate: { target: 1%, ${period} }, latencyP99: { target: 1s, ${period} } }\n`,
    });
    scratch.release({ version: '1.0.0' });
    expect(ship('1.0.0').outcome).toBe('succeeded');
    // Every third answer fails, from the first checkout on: nothing shows before there are users.
    const server = join(scratch.directory, 'server.mjs');
    const good = "if (path === '/products')\n    return answer(response, 200,";
    const text = readFileSync(server, 'utf8');
    expect(text).toContain(good);
    writeFileSync(
      server,
      text
        .replace(good, good.replace('200', 'checkouts > 0 && ++asked % 3 === 0 ? 503 : 200'))
        .replace('let checkouts = 0;', 'let checkouts = 0;\nlet asked = 0;'),
    );
    scratch.release({ version: '2.0.0' });
    clients = await scratch.startClients(40);
    await sleep(1000);
    const bad = ship('2.0.0');
    expect(bad.outcome).toBe('rolled_back');
    runId = bad.runId;
    const draft = join(scratch.directory, '.seatrial', 'reviews', `${runId}.md`);
    for (const deadline = Date.now() + 60_000; !existsSync(draft) && Date.now() < deadline; ) await sleep(250);
    documents['report'] = read(`reports/${runId}.md`);
    documents['incident report'] = read(`reports/${runId}-incident.md`);
    documents['review draft'] = read(`reviews/${runId}.md`);
    const data: unknown = JSON.parse(read(`reports/${runId}.json`));
    walk = {
      run: readTracedRun(scratch.journal(runId)),
      lists: listsOfEvents(data),
      unverified: reportSchema.parse(data).couldNotVerify.length,
    };
  }, 600_000);

  afterAll(async () => {
    await clients?.stop();
    await scratch?.close();
  }, 120_000);

  it.each(['report', 'incident report', 'review draft'])('have no number without an event: %s', (name) => {
    const document = documents[name] ?? '';
    expect(alterations(document).length).toBeGreaterThan(50);
    expect(describeTraced(traceDocument(document, walk))).toEqual([]);
  });

  it('have none in the JSON either, and every figure of it is what its events give', () => {
    expect(traceJson(reportSchema.parse(JSON.parse(read(`reports/${runId}.json`))), walk.run)).toEqual([]);
  });

  it.each(['report', 'incident report', 'review draft'])('cannot be altered in any one number: %s', (name) => {
    expect(unnoticed(documents[name] ?? '', walk)).toEqual([]);
  });
});
