import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { yearOfHistory } from '../test/fixtures/year-of-history.ts';

export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[]; failed: boolean };

const budget = { seconds: 1, mebibytes: 200 };
/** Tells, at the end of a process, what it took of the processor and of memory. */
const meter = `process.on('exit',()=>{const u=process.resourceUsage();process.stderr.write('\\nmeter '+JSON.stringify({cpuMs:(u.userCPUTime+u.systemCPUTime)/1000,kib:u.maxRSS}))})`;

/** `seatrial learnings rebuild` in a project with 10,000 runs, as a whole process. Needs a built bundle. */
export async function benchLearnings({ quick }: { quick: boolean }): Promise<BenchTable> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-bench-learnings-'));
  try {
    const project = layOut(base);
    const first = rebuild(project);
    const views = new Set([readFileSync(project.view, 'utf8')]);
    const samples = Array.from({ length: quick ? 3 : 11 }, () => {
      rmSync(project.view);
      const sample = rebuild(project);
      views.add(readFileSync(project.view, 'utf8'));
      return sample;
    });
    const wall = median(samples.map(({ wallMs }) => wallMs));
    const cpu = median(samples.map(({ cpuMs }) => cpuMs));
    const memory = Math.max(...samples.map(({ mebibytes }) => mebibytes), first.mebibytes);
    const failed = wall > budget.seconds * 1000 || memory > budget.mebibytes || views.size !== 1;
    return {
      title: 'Learnings',
      columns: ['what', 'measured', 'budget'],
      rows: [
        ['rebuild from 10,000 runs, whole process, median', `${(wall / 1000).toFixed(2)} s`, `${budget.seconds} s`],
        ['of that, processor time, median', `${(cpu / 1000).toFixed(2)} s`, '–'],
        ['resident memory, at most', `${memory.toFixed(0)} MiB`, `${budget.mebibytes} MiB`],
        ['different results', `${views.size - 1}`, '0'],
      ],
      notes: [`${samples.length} times, one after another, the files in the cache; node ${process.version}.`],
      failed,
    };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

type BenchProject = { directory: string; state: string; view: string };
type Sample = { wallMs: number; cpuMs: number; mebibytes: number };

function layOut(base: string): BenchProject {
  const directory = join(base, 'shop');
  for (const entry of yearOfHistory()) {
    const folder = join(directory, '.seatrial', 'history', entry.startedAt.slice(0, 7));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${entry.runId}.json`), `${JSON.stringify(entry, null, 2)}\n`);
  }
  writeFileSync(
    join(directory, 'seatrial.yaml'),
    'version: 1\nservice: shop\nenvironments:\n  production:\n    url: http://127.0.0.1:8080\n    target: { kind: process, command: [node, server.js] }\n',
  );
  return { directory, state: join(base, 'state'), view: join(directory, '.seatrial', 'learnings.md') };
}

function rebuild({ directory, state }: BenchProject): Sample {
  const startedAt = performance.now();
  const result = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(meter)}`,
      resolve('dist/seatrial.mjs'),
      'learnings',
      'rebuild',
    ],
    {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, SEATRIAL_STATE_HOME: state },
    },
  );
  const wallMs = performance.now() - startedAt;
  const told = /\nmeter (\{.*\})/.exec(result.stderr);
  if (result.status !== 0 || told?.[1] === undefined)
    throw new Error(`rebuild ended with ${result.status}: ${result.stderr}`);
  const { cpuMs, kib } = JSON.parse(told[1]);
  return { wallMs, cpuMs: Number(cpuMs), mebibytes: Number(kib) / 1024 };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
