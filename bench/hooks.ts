import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../src/config/load-config.ts';
import { rememberPlace } from '../src/journal/known-places.ts';
import { projectFolder, runFolder } from '../src/journal/state-folder.ts';
import { trustProject } from '../src/operations/trust/trust-project.ts';
import { deriveHistory } from '../src/report/history-entry.ts';
import { nothingKnown } from '../src/report/learnings/detector.ts';
import { journalText } from '../test/fixtures/journal-text.ts';
import { succeededRun } from '../test/fixtures/run-records.ts';

export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[]; failed: boolean };

const bundle = join(process.cwd(), 'dist/hook.mjs');
const budgetMs = 150;
/** A process that does nothing takes 40 to 60 ms. Where it takes longer the machine is busy, and no wall time proves anything. */
const quietMs = 80;
const projectId = '0123456789abcdef';

type Scene = { directory: string; env: Record<string, string>; remove(): void };
type Case = { what: string; argv: string[]; input: (round: number) => string; isHook: boolean };

/** Wall time of each hook as an agent waits for it: start of the process to its end. Needs a built bundle. */
export async function benchHooks({ quick }: { quick: boolean }): Promise<BenchTable> {
  const rounds = quick ? 5 : 20;
  const scene = await createScene();
  try {
    const rows: string[][] = [];
    let slowest = 0;
    let idle = 0;
    for (const one of casesIn(scene)) {
      // The first start warms the file cache and is not counted.
      await timeOnce(one, scene, 0);
      const times: number[] = [];
      for (let round = 1; round <= rounds; round += 1) times.push(await timeOnce(one, scene, round));
      times.sort((one, other) => one - other);
      const median = quantile(times, 0.5);
      if (one.isHook) slowest = Math.max(slowest, median);
      else idle = median;
      const budget = one.isHook ? `${budgetMs} ms` : '–';
      rows.push([one.what, `${median.toFixed(0)} ms`, `${quantile(times, 0.95).toFixed(0)} ms`, budget]);
    }
    const isQuiet = idle <= quietMs;
    return {
      title: 'Hooks of an agent',
      columns: ['what', 'median', 'p95', 'budget'],
      rows,
      notes: [
        `Wall time of \`node dist/hook.mjs <event>\`, ${rounds} starts one after another, node ${process.version}.`,
        isQuiet
          ? 'The first line is what this machine takes for a process that does nothing.'
          : `The machine is busy: a process that does nothing takes ${idle.toFixed(0)} ms, more than ${quietMs} ms. The budget is not judged.`,
      ],
      failed: !quick && isQuiet && slowest > budgetMs,
    };
  } finally {
    scene.remove();
  }
}

function casesIn({ directory }: Scene): Case[] {
  const hook = (event: string, what: string, given: (round: number) => object): Case => ({
    what: `${event}: ${what}`,
    argv: [bundle, event],
    input: (round) => JSON.stringify({ session_id: 'bench', cwd: directory, ...given(round) }),
    isHook: true,
  });
  const bash = (command: string) => (round: number) => ({
    tool_name: 'Bash',
    tool_input: { command },
    tool_use_id: `toolu_${round}`,
  });
  return [
    { what: 'node that does nothing', argv: ['-e', '0'], input: () => '', isHook: false },
    hook('session-start', 'an open run, a review, pitfalls of 50 runs', () => ({ source: 'startup' })),
    hook('user-prompt-submit', 'a prompt', () => ({ prompt: 'fix the tests' })),
    hook('user-prompt-submit', 'a bare command', () => ({ prompt: '/phase-2-ship canary 1.4.0' })),
    hook('pre-tool-use', 'no deploy', bash('npm test -- --run && git status | head')),
    hook('pre-tool-use', 'a raw deploy', bash('sudo kubectl apply -f x')),
    hook('post-tool-use', 'no deploy', bash('npm test')),
    hook('post-tool-use', 'a raw deploy, recorded', bash('fly deploy')),
    hook('stop', 'a review to ask for', () => ({ stop_hook_active: false })),
    hook('pre-tool-use', 'outside of a project', () => ({ ...bash('kubectl apply -f x')(0), cwd: tmpdir() })),
  ];
}

/** A trusted project with a run that goes on, one that waits for its review, and a history. */
async function createScene(): Promise<Scene> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-bench-hooks-'));
  const [directory, state] = [join(base, 'shop'), join(base, 'state')];
  mkdirSync(join(directory, '.seatrial'), { recursive: true });
  mkdirSync(state, { mode: 0o700 });
  const text =
    'version: 1\nservice: shop\nenvironments:\n  production:\n    url: http://127.0.0.1:9\n    target: { kind: process, command: [node, server.js] }\n';
  writeFileSync(join(directory, 'seatrial.yaml'), text);
  await rememberPlace(state, { directory, projectId });
  const { config } = parseConfig(text);
  const given = { by: 'bench', how: 'own-project', atMs: 1, fingerprint: null } as const;
  await trustProject({ config, directory, stateRoot: state }, given);
  const record = succeededRun();
  for (const [id, events] of [
    ['01jbx0a2b3c4d5e6f7g8h9j0k1', record.events],
    ['01jbx0a2b3c4d5e6f7g8h9j0k2', record.events.slice(0, -1)],
  ] as const) {
    const folder = runFolder(projectFolder(state, projectId), id);
    mkdirSync(folder.directory, { recursive: true });
    writeFileSync(folder.journal, journalText(id, { events }));
    writeFileSync(folder.heartbeat, '');
  }
  const history = join(directory, '.seatrial', 'history', '2026-11');
  mkdirSync(history, { recursive: true });
  const entry = deriveHistory(record, { commitAt: null, known: nothingKnown, commitTimes: [] });
  for (let index = 0; index < 50; index += 1) {
    const one = { ...entry, runId: `run-${index}`, pitfalls: ['silent-deploy', 'slow-deploy', 'friday-deploy'] };
    writeFileSync(join(history, `run-${index}.json`), JSON.stringify(one));
  }
  const env = { PATH: process.env['PATH'] ?? '', HOME: base, SEATRIAL_STATE_HOME: state };
  return { directory, env, remove: () => rmSync(base, { recursive: true, force: true }) };
}

function timeOnce({ argv, input }: Case, { directory, env }: Scene, round: number): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, argv, { cwd: directory, env, stdio: ['pipe', 'ignore', 'inherit'] });
  // One that reads nothing may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(input(round));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(performance.now() - startedAt) : reject(new Error(`a hook ended with ${code}`)),
    );
  });
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
