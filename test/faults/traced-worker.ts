import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../../src/journal/journal.ts';
import { readLock } from '../../src/journal/lock.ts';
import { readJournal } from '../../src/journal/replay.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { rollbackStarted, runId } from '../journal/journal-fixtures.ts';

/** Calls that change files, and those that make them last. */
export const fileCalls = [
  'openat',
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'ftruncate',
] as const;

/** The `index`-th call of its name by the worker thread, and what it is about. */
export type CallPoint = { call: string; index: number; text: string };

/** Why the proof cannot be made here, or null. */
export function whyNoStrace(): string | null {
  if (process.platform !== 'linux') return 'strace needs Linux';
  try {
    execFileSync('strace', ['-qq', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'strace is missing or may not trace';
  }
}

export type Ended = { said: string[]; code: number | null; signal: string | null };

/** Runs the worker on `base`; `inject` as strace has it. */
export async function runWorker(
  script: string,
  base: string,
  {
    inject = [],
    output = '/dev/null',
    careless = false,
  }: { inject?: string[]; output?: string; careless?: boolean } = {},
): Promise<Ended> {
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const child = spawn(
    'strace',
    [
      '-f',
      '-qq',
      '-y',
      '-s',
      '0',
      '-o',
      output,
      '-e',
      `trace=${fileCalls.join(',')}`,
      ...inject.flatMap((one) => ['-e', `inject=${one}`]),
      process.execPath,
      script,
      base,
      runId,
      ...(careless ? ['careless'] : []),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '' } },
  );
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
  });
  const [code, signal] = await once(child, 'close');
  // What was cut off in the middle of a word was not said.
  return { said: said.split('\n').slice(0, -1), code, signal };
}

/** Every file call of a whole run of the worker below `base`, in order. */
export async function findPoints(script: string, base: string, careless = false): Promise<CallPoint[]> {
  const output = `${base}.trace`;
  const { said } = await runWorker(script, base, { output, careless });
  if (said.at(-1) !== 'end') throw new Error(`the worker did not come to its end: ${said.join('; ')}`);
  const counts = new Map<string, number>();
  const points: CallPoint[] = [];
  for (const line of readFileSync(output, 'utf8').split('\n')) {
    const match = /^(\d+)\s+(\w+)\((.*)$/.exec(line);
    if (match === null) continue;
    const [, thread = '', call = '', text = ''] = match;
    const index = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, index);
    if (text.includes(base)) points.push({ call, index, text });
  }
  return points;
}

/** What is wrong with the files that a worker left, seen from outside; what it acknowledged must be there. */
export async function inspectFiles(base: string, { said }: Pick<Ended, 'said'>): Promise<string[]> {
  const wrong: string[] = [];
  const file = join(base, 'projects', '0123456789abcdef', 'runs', runId, 'journal.jsonl');
  const acknowledged = said.flatMap((line) => /^ack event (\d+) (\w+)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
  const reading = await readJournal(file);
  const there = new Set((reading?.lines ?? []).map(({ seq, type }) => `${seq} ${type}`));
  for (const event of acknowledged) if (!there.has(event)) wrong.push(`event ${event} was acknowledged and is lost`);
  if (reading?.damage) wrong.push(`the journal is damaged: ${reading.damage.reason}`);
  if (said.includes('ack plan 2') && countIn(join(base, 'plan.json')) !== 2) wrong.push('plan 2 is lost');
  else if (said.includes('ack plan 1') && countIn(join(base, 'plan.json')) === 0) wrong.push('plan 1 is lost');
  const used = join(base, 'projects', '0123456789abcdef', 'approvals', 'used');
  if (said.includes('ack nonce') && namesIn(used).length === 0) wrong.push('the used nonce is lost');
  for (const path of visibleFiles(base)) wrong.push(...faultOf(path));
  wrong.push(...(await inspectLock(base, said)), ...(await goOn(file, acknowledged.length)));
  return wrong;
}

async function inspectLock(base: string, said: readonly string[]): Promise<string[]> {
  const taken = Number(said.flatMap((line) => /^ack generation (\d+)$/.exec(line)?.[1] ?? []).at(-1) ?? 0);
  const reading = await readLock(join(base, 'locks'));
  if (reading.generation < taken) return [`generation ${taken} was given and ${reading.generation} is the newest`];
  return reading.state === 'held' ? ['a dead owner has the lock'] : [];
}

/** Whoever comes next can open the journal, and write. */
async function goOn(file: string, acknowledged: number): Promise<string[]> {
  if (!existsSync(file)) return [];
  try {
    const clock = createSystemClock();
    const journal = await openJournal({ file, runId, generation: 99, clock, boot: 'next', allowDamaged: true });
    await journal.append(rollbackStarted);
    await journal.close();
    const reading = await readJournal(file);
    return (reading?.lines.length ?? 0) > acknowledged ? [] : ['what was written after it is not there'];
  } catch (thrown) {
    return [`the journal could not be gone on with: ${String(thrown)}`];
  }
}

function visibleFiles(base: string): string[] {
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/(^|\/)\.[^/]*\.tmp$/.test(name))
    .map((name) => join(base, name))
    .filter((path) => statSync(path).isFile());
}

/** A file is whole under its final name, or not there. */
function faultOf(path: string): string[] {
  const size = statSync(path).size;
  if (path.endsWith('.reserve') && size !== 64 * 1024) return [`${path} has ${size} bytes`];
  if (!path.endsWith('.json')) return [];
  try {
    JSON.parse(readFileSync(path, 'utf8'));
    return [];
  } catch {
    return [`${path} is not whole (${size} bytes)`];
  }
}

function countIn(path: string): number {
  if (!existsSync(path)) return 0;
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const count: unknown = Reflect.get(Object(value), 'count');
  return typeof count === 'number' ? count : 0;
}

function namesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')) : [];
}
