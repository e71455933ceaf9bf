import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScratch, type Scratch } from '../test/e2e/scratch-project.ts';

type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[] };
type Sample = { detectMs: number; restoreMs: number; failed: number };

/** Real bad releases, shipped by the built bundle under real traffic: how long until harm was proven, and until nobody was on the candidate. */
export async function benchRestore({ quick }: { quick: boolean }): Promise<BenchTable> {
  const rounds = quick ? 4 : 15;
  const rate = 600;
  const scratch = await createScratch();
  try {
    scratch.writeConfig({
      approval: '{ how: none }',
      strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 5%, bake: 1s }, { weight: 100%, bake: 1s }] }',
    });
    scratch.release({ version: '1.0.0' });
    assertShipped(scratch, '1.0.0', 'succeeded');
    const clients = await scratch.startClients(rate);
    const samples: Sample[] = [];
    for (let round = 1; round <= rounds; round++) {
      scratch.release({ version: `2.0.${round}`, failRatio: 0.5 });
      samples.push(measure(scratch, assertShipped(scratch, `2.0.${round}`, 'rolled_back')));
    }
    const { lost, duplicated, sent } = await clients.stop();
    const row = (name: string, values: number[]): string[] => [
      name,
      median(values).toFixed(0),
      Math.max(...values).toFixed(0),
    ];
    return {
      title: `Bad releases rolled back end to end: 50 % errors at 5 % weight, ${rate} requests/s, ${rounds} releases`,
      columns: ['measured', 'median', 'max'],
      rows: [
        row(
          'first failed second → harm proven (ms)',
          samples.map((sample) => sample.detectMs),
        ),
        row(
          'verdict → no canary traffic seen (ms)',
          samples.map((sample) => sample.restoreMs),
        ),
        row(
          'requests failed by the release',
          samples.map((sample) => sample.failed),
        ),
      ],
      notes: [`${sent} requests in all: ${lost} lost, ${duplicated} served twice`],
    };
  } finally {
    await scratch.close();
  }
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
  return { detectMs: entry.detectMs, restoreMs: entry.restoreMs, failed: entry.failedByRelease };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
