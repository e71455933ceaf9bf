import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { bundle, createScratch, type Scratch, sleep } from '../e2e/scratch-project.ts';

/** A shop with a stable revision, and bad releases to be caught in the middle of. */
export type PlugScene = {
  scratch: Scratch;
  /** Ships a new bad release up to the moment at which half of the users are on it; `start` runs the command line that starts it. */
  startBadCanary(start?: (args: string[]) => Promise<string>): Promise<{ runId: string; version: string }>;
  /** Living processes of seatrial itself, by sub-command. */
  pidsOf(...commands: string[]): number[];
  /** Asks as new users do until everybody is served by stable again; ms until the last answer of somebody else, and until then. */
  untilRestored(): Promise<{ restoredMs: number; refused: number }>;
  /** How the run ended, read from its journal. */
  untilEnded(runId: string): Promise<string>;
  close(): Promise<void>;
};

const stable = '1.0.0';
/** Half of all new users go to the candidate: so many in a row never miss it by chance (one in 2^40). */
const inARow = 40;
const patienceMs = 60_000;

/** `prepare`: what else the project needs before its first release. */
export async function createPlugScene(
  prepare: (scratch: Scratch) => Promise<void> = async () => undefined,
): Promise<PlugScene> {
  const scratch = await createScratch();
  scratch.writeConfig({
    approval: '{ how: none }',
    strategy: '{ kind: canary, maxBake: 120s, steps: [{ weight: 50%, bake: 60s }, { weight: 100%, bake: 1s }] }',
  });
  await prepare(scratch);
  scratch.release({ version: stable });
  const first = scratch.cli(['ship', stable, '--strategy', 'direct', '--yes']);
  if (first.code !== 0) throw new Error(`${first.stdout}${first.stderr}`);
  let round = 0;
  return {
    scratch,
    startBadCanary: async (start = (args) => runCli(scratch, args)) => {
      round += 1;
      const version = `2.0.${round}`;
      scratch.release({ version, failRatio: 0.5 });
      const plan = parse(await runCli(scratch, ['plan', version, '--json']));
      const runId: string = parse(await start(['start', plan.planId, '--json'])).runId;
      const moved = ({ type, data }: JournalEvent): boolean =>
        type === 'step_completed' && data['stepId'] === '03-set-weight-50';
      await until(() => eventsOf(scratch, runId).some(moved), `no users on ${version}`);
      return { runId, version };
    },
    pidsOf: (...commands) => ownProcesses(scratch, commands),
    untilRestored: () => untilRestored(scratch.url),
    untilEnded: async (runId) => {
      const ended = (): JournalEvent | undefined =>
        eventsOf(scratch, runId).findLast(({ type }) => type === 'run_ended');
      await until(() => ended() !== undefined, `${runId} does not end`);
      return String(ended()?.data['outcome']);
    },
    close: () => scratch.close(),
  };
}

/** What the bundle prints; unlike `scratch.cli` it lets several projects work at once. */
export async function runCli(scratch: Scratch, args: readonly string[]): Promise<string> {
  const { directory: cwd, env } = scratch;
  const child = spawn(process.execPath, [bundle, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] });
  const parts: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  await once(child, 'close');
  return parts.join('');
}

/** Every answer comes from stable; answers that nobody gave are counted and prove nothing. */
async function untilRestored(url: string): Promise<{ restoredMs: number; refused: number }> {
  const begunMs = performance.now();
  let [row, rowSinceMs, refused] = [0, begunMs, 0];
  while (row < inARow) {
    if (performance.now() - begunMs > patienceMs) throw new Error(`users are not back after ${patienceMs / 1000} s`);
    const version = await fetch(`${url}/health`, { headers: { connection: 'close' } }).then(
      (answer) => answer.headers.get('x-shop-version'),
      () => null,
    );
    if (version === null) refused += 1;
    if (version !== stable) row = 0;
    else if (row === 0) rowSinceMs = performance.now();
    if (version === stable) row += 1;
    else await sleep(20);
  }
  return { restoredMs: rowSinceMs - begunMs, refused };
}

export type JournalEvent = { type: string; ts: number; data: Record<string, unknown> };

/** Whole lines of a run's journal, as anybody can read them. */
export function eventsOf(scratch: Scratch, runId: string): JournalEvent[] {
  const lines = scratch.journal(runId).split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}

export function ownProcesses(scratch: Scratch, commands: readonly string[]): number[] {
  return scratch
    .processes()
    .filter(({ command }) => commands.some((name) => command.includes(`seatrial.mjs ${name} `)))
    .map(({ pid }) => pid);
}

/** Group and session of a process. */
export function groupOf(pid: number): { group: number; session: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { group: Number(fields[2]), session: Number(fields[3]) };
}

/** Pids of all processes for which `chosen` says so. */
export function pidsWhere(chosen: (process: { pid: number; parent: number; session: number }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        const found = { pid: Number(name), parent: Number(fields[1]), session: Number(fields[3]) };
        return chosen(found) ? [found.pid] : [];
      } catch {
        return [];
      }
    });
}

export function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`waited too long: ${what}`);
    await sleep(50);
  }
}

function parse(text: string) {
  const answer = JSON.parse(text);
  if (!answer.ok) throw new Error(text);
  return answer.data;
}
