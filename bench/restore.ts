import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createScratch, type Scratch } from '../test/e2e/scratch-project.ts';
import { moveBehindHaproxy } from '../test/fixtures/haproxy-scratch.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy } from '../test/fixtures/real-haproxy.ts';

type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[] };
type Place = 'process' | 'haproxy';
/** Phases, all in ms and one after the other from the verdict on. */
type Phases = { intentMs: number; changeMs: number; proofMs: number };
type Sample = { detectMs: number; restoreMs: number; failed: number; phases: Phases };

const rate = 600;

/**
 * Real bad releases, shipped by the built bundle under real traffic: how long until harm was proven, and until nobody was on
 * the candidate. Behind the embedded proxy and, where it is installed, behind HAProxy; `targets` names fewer.
 */
export async function benchRestore({
  quick,
  targets = ['process', 'haproxy'],
}: {
  quick: boolean;
  targets?: readonly string[];
}): Promise<BenchTable[]> {
  const tables: BenchTable[] = [];
  if (targets.includes('process')) tables.push(await measureTarget('process', quick ? 4 : 15));
  if (targets.includes('haproxy') && haproxyBinary !== undefined)
    tables.push(await measureTarget('haproxy', quick ? 4 : 15));
  return tables;
}

async function measureTarget(place: Place, rounds: number): Promise<BenchTable> {
  const scratch = await createScratch();
  const haproxy = place === 'haproxy' ? await startHaproxy('', undefined, scratch.port) : null;
  try {
    configure(scratch, haproxy);
    scratch.release({ version: '1.0.0' });
    assertShipped(scratch, '1.0.0', 'succeeded');
    const clients = await scratch.startClients(rate);
    const samples: Sample[] = [];
    for (let round = 1; round <= rounds; round++) {
      scratch.release({ version: `2.0.${round}`, failRatio: 0.5 });
      samples.push(measure(scratch, assertShipped(scratch, `2.0.${round}`, 'rolled_back')));
    }
    const { lost, duplicated, sent } = await clients.stop();
    return {
      title: `Bad releases rolled back end to end (target ${place}): 50 % errors at 5 % weight, ${rate} requests/s, ${rounds} releases`,
      columns: ['measured', 'median', 'max'],
      rows: rowsOf(samples),
      notes: [`${sent} requests in all: ${lost} lost, ${duplicated} served twice`],
    };
  } finally {
    if (haproxy !== null) scratch.cli(['host', 'down']);
    await scratch.close();
    await haproxy?.close();
  }
}

function configure(scratch: Scratch, haproxy: RealHaproxy | null): void {
  scratch.writeConfig({
    approval: '{ how: none }',
    strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 5%, bake: 1s }, { weight: 100%, bake: 1s }] }',
  });
  if (haproxy !== null) moveBehindHaproxy(scratch, haproxy);
}

function rowsOf(samples: readonly Sample[]): string[][] {
  const row = (name: string, of: (sample: Sample) => number): string[] => {
    const values = samples.map(of);
    return [name, median(values).toFixed(0), Math.max(...values).toFixed(0)];
  };
  return [
    row('first failed second → harm proven (ms)', (sample) => sample.detectMs),
    row('verdict → no canary traffic seen (ms)', (sample) => sample.restoreMs),
    row('  verdict → intent written (ms)', ({ phases }) => phases.intentMs),
    row('  → weight 0 carried out (ms)', ({ phases }) => phases.changeMs),
    row('  → seen by new users (ms)', ({ phases }) => phases.proofMs),
    row('requests failed by the release', (sample) => sample.failed),
  ];
}

function assertShipped(scratch: Scratch, version: string, outcome: string): string {
  const result = scratch.cli(['ship', version, '--yes', '--json']);
  const answer = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '{}');
  if (answer.data?.outcome !== outcome)
    throw new Error(`${version} ended as ${answer.data?.outcome}: ${result.stdout}${result.stderr}`);
  return answer.data.runId;
}

function measure(scratch: Scratch, runId: string): Sample {
  const root = join(scratch.directory, '.seatrial', 'history');
  const month = readdirSync(root).find((name) => readdirSync(join(root, name)).includes(`${runId}.json`)) ?? '';
  const entry = JSON.parse(readFileSync(join(root, month, `${runId}.json`), 'utf8'));
  return {
    detectMs: entry.detectMs,
    restoreMs: entry.restoreMs,
    failed: entry.failedByRelease,
    phases: phasesOf(scratch.journal(runId)),
  };
}

const lineSchema = z.object({ ts: z.number(), type: z.string(), data: z.record(z.string(), z.unknown()) });

/** Out of the times of the journal's lines. */
function phasesOf(journal: string): Phases {
  const lines = journal
    .trim()
    .split('\n')
    .map((line) => lineSchema.parse(JSON.parse(line)));
  const back = lines.slice(lines.findIndex(({ type }) => type === 'rollback_started'));
  const at = (type: string): number => back.find((line) => line.type === type)?.ts ?? Number.NaN;
  const detectedMs = Number(back[0]?.data['detectedAtMs']);
  return {
    intentMs: at('step_started') - detectedMs,
    changeMs: at('step_completed') - at('step_started'),
    proofMs: at('traffic_restored') - at('step_completed'),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
