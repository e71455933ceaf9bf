import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { acquireLock } from '../../src/journal/lock.ts';
import { isNonceUsed, markNonceUsed } from '../../src/journal/plan-store.ts';
import { readJournal } from '../../src/journal/replay.ts';
import { scanJournal } from '../../src/journal/scan-journal.ts';
import { projectFolder } from '../../src/journal/state-folder.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import { type AppendFile, openAppendFile } from '../../src/system/durable-append.ts';
import { writeFileAtomic } from '../../src/system/files.ts';
import type { ProcessIdentity } from '../../src/system/process-identity.ts';
import { rollbackStarted, runId, warning } from '../journal/journal-fixtures.ts';
import { diskRoot, killed, SimulatedDisk } from './simulated-disk.ts';
import { PartialWrite } from './simulated-files.ts';

/** Ways to be wrong on purpose, to see that the proof notices. */
export type DiskMutant =
  | 'none'
  | 'acknowledge-before-sync'
  | 'sync-again-after-error'
  | 'file-sync-lies'
  | 'directory-sync-lies';

export type DiskFigures = {
  states: number;
  /** Different journals among them. */
  images: number;
  /** States that the journal was opened on, written to and crashed again. */
  recoveries: number;
  acknowledged: number;
  faults: number;
  /** Acknowledged, and not there after a crash. */
  lost: number;
  /** Read as an event, and never written as one. */
  invented: number;
  /** Visible under its final name, and neither the old content nor the new. */
  truncated: number;
  /** Journals that could not be opened, or not be gone on with, after a crash. */
  stuck: number;
  examples: string[];
};

export function noDiskFigures(): DiskFigures {
  return {
    states: 0,
    images: 0,
    recoveries: 0,
    acknowledged: 0,
    faults: 0,
    lost: 0,
    invented: 0,
    truncated: 0,
    stuck: 0,
    examples: [],
  };
}

const project = projectFolder(diskRoot, '0123456789abcdef');
const journalFile = `${project.runs}/${runId}/journal.jsonl`;
const planFile = `${project.plans}/plan.json`;
const lockFolder = `${diskRoot}/locks/0123456789ab`;

const clock = { now: () => 1000, monotonic: () => 1000, sleep: async () => 'elapsed' as const };
const identity: ProcessIdentity = { pid: 1, start: '1', boot: 'another' };
const closing: RunEvent = { type: 'run_ended', data: { outcome: 'rolled_back', reason: 'over', error: null } };

/** What must hold after a crash at this moment. */
type Promised = {
  /** The journal begins with these bytes. */
  journal: Uint8Array;
  /** All lines that anybody has ever handed to the system, and the events that they are. */
  texts: Set<string>;
  events: Set<string>;
  /** The journal when they were last added to. */
  seen: Uint8Array | null;
  /** Files that may have one of these contents; null: may be missing. */
  files: Map<string, Array<string | null>>;
};

/**
 * One history of a journal with plans, nonces and a lock beside it: up to four owners, each ended by a power cut or a kill, some
 * with a disk that fails. At every act `statesPerAct` disks are drawn that a power cut could leave there, and each is looked at.
 */
export async function playStory(options: {
  figures: DiskFigures;
  draw: () => number;
  statesPerAct: number;
  mutant: DiskMutant;
  /** The disk that the code under test works on from now on. */
  use: (disk: SimulatedDisk) => void;
}): Promise<void> {
  const { figures, draw, statesPerAct, mutant, use } = options;
  const promised: Promised = {
    journal: new Uint8Array(),
    texts: new Set(),
    events: new Set(),
    seen: null,
    files: new Map(),
  };
  const images = new Map<string, boolean>();
  const later: SimulatedDisk[] = [];
  let disk = new SimulatedDisk();
  for (let owner = 1; owner <= 4; owner += 1) {
    const life = { disk, owner, mutant, draw, promised, figures };
    if (mutant === 'file-sync-lies') disk.fault.lies = 'file-sync';
    if (mutant === 'directory-sync-lies') disk.fault.lies = 'directory-sync';
    const now = disk;
    now.onChange = () => {
      noteLines(now, promised);
      for (let index = 0; index < statesPerAct; index += 1) {
        // Nothing and everything first, then what chance says.
        const chance = index === 0 ? () => 0.999 : draw;
        const state = now.crash(chance);
        inspect(state, { promised, figures, images });
        if (draw() < 0.002 && later.length < 40) later.push(state);
      }
    };
    use(disk);
    await live(life);
    now.onChange = () => undefined;
    now.fault = {};
    const before = promised.journal;
    for (const state of later.splice(0)) await recover(state, { use, figures, before });
    // A power cut or a kill: what a killed owner had not synced is still with the system.
    disk = draw() < 0.5 ? now.survive() : now.crash(draw);
  }
}

type Life = {
  disk: SimulatedDisk;
  owner: number;
  mutant: DiskMutant;
  draw: () => number;
  promised: Promised;
  figures: DiskFigures;
};

/** One owner: takes the lock, opens the journal, writes, and is cut off at a moment that `draw` chooses. */
async function live(life: Life): Promise<void> {
  const { disk, draw, figures } = life;
  let left = draw() < 0.15 ? Number.POSITIVE_INFINITY : Math.floor(5 + draw() * 90);
  const fault = draw() < 0.6 ? drawFault(draw) : null;
  const died = new Promise<'died'>((resolve) => {
    disk.fault.onAct = (name, path) => {
      left -= 1;
      // A dead process asks for nothing any more; its promises are left behind.
      if (left <= 0) {
        resolve('died');
        throw new PartialWrite(killed, name === 'write' && left === 0 ? Math.floor(draw() * 300) : 0);
      }
      if (fault === null || fault.act !== name || !path.includes(fault.at)) return;
      fault.after -= 1;
      if (fault.after !== 0) return;
      figures.faults += 1;
      throw new PartialWrite(fault.code, Math.floor(draw() * 200));
    };
  });
  const work = workAsOwner(life).catch(() => 'failed' as const);
  await Promise.race([work, died]);
  await work;
}

function drawFault(draw: () => number): { act: string; code: string; at: string; after: number } {
  const kinds = [
    ['write', 'ENOSPC'],
    ['write', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
    ['truncate', 'EIO'],
    ['open', 'EACCES'],
    ['rename', 'EROFS'],
  ] as const;
  const [act, code] = kinds[Math.floor(draw() * kinds.length)] ?? kinds[0];
  // Often at the journal itself, else anywhere in the folder of the run.
  return { act, code, at: draw() < 0.6 ? 'journal.jsonl' : '/runs/', after: 1 + Math.floor(draw() * 8) };
}

async function workAsOwner(life: Life): Promise<void> {
  const { owner, draw, promised, mutant } = life;
  const lock = await acquireLock({ directory: lockFolder, owner: { runId, identity, sinceMs: 1 }, clock });
  if (!lock.ok) throw new Error('the lock of a dead owner was refused');
  // A generation that somebody had is never given again.
  promised.files.set(`${lockFolder}/g-${lock.generation}.json`, [
    contentOf(life.disk, `${lockFolder}/g-${lock.generation}.json`),
  ]);
  const journal = await openJournal({
    file: journalFile,
    runId,
    generation: lock.generation,
    clock,
    boot: `boot-${owner}`,
    allowDamaged: true,
    openFile: (path) => openWrongly(path, mutant),
  });
  for (let index = 0; index < 4 + draw() * 14; index += 1) {
    const chance = draw();
    if (chance < 0.1) await keepPlan(life, `plan ${owner}.${index}`);
    else if (chance < 0.18) await useNonce(life, `nonce-${owner}-${index}`);
    else await append(life, journal, chance);
  }
  if (draw() < 0.3) await append(life, journal, 1);
  await journal.close();
  await lock.release();
}

async function append({ draw, disk, promised, figures }: Life, journal: Journal, chance: number): Promise<void> {
  const event =
    chance === 1 ? closing : chance > 0.9 ? rollbackStarted : warning('x'.repeat(Math.floor(draw() * 1400)));
  const durable = chance === 1 || chance > 0.45;
  await journal
    .append(event, { durable })
    .then(() => {
      if (!durable) return;
      figures.acknowledged += 1;
      promised.journal = journalBytes(disk) ?? new Uint8Array();
    })
    .catch(() => undefined);
}

async function keepPlan({ promised }: Life, text: string): Promise<void> {
  const before = promised.files.get(planFile) ?? [null];
  promised.files.set(planFile, [...before, text]);
  // Its folder is there since the journal's was made.
  await writeFileAtomic(planFile, text).then(
    () => promised.files.set(planFile, [text]),
    () => promised.files.set(planFile, [...before, text]),
  );
}

async function useNonce({ promised, disk }: Life, nonce: string): Promise<void> {
  const used = await markNonceUsed(project, nonce, { runId, atMs: 1 }).catch(() => false);
  if (!used) return;
  if (!(await isNonceUsed(project, nonce))) throw new Error('a used nonce is not known');
  for (const path of pathsBelow(disk, `${project.approvals}/used`)) promised.files.set(path, [contentOf(disk, path)]);
}

/** The file of the journal as a careless programmer would have written it. */
async function openWrongly(path: string, mutant: DiskMutant): Promise<AppendFile> {
  const file = await openAppendFile(path);
  if (mutant === 'acknowledge-before-sync')
    return {
      ...file,
      sync: async () => {
        // Comes later, beside the work.
        setImmediate(() => void file.sync().catch(() => undefined));
      },
    };
  if (mutant === 'sync-again-after-error') return { ...file, sync: () => file.sync().catch(() => file.sync()) };
  return file;
}

type Inspection = { promised: Promised; figures: DiskFigures; images: Map<string, boolean> };

function inspect(state: SimulatedDisk, { promised, figures, images }: Inspection): void {
  figures.states += 1;
  const bytes = journalBytes(state) ?? new Uint8Array();
  const expected = promised.journal;
  if (Buffer.compare(bytes.subarray(0, expected.length), expected) !== 0)
    note(figures, 'lost', `${expected.length} bytes of the journal were acknowledged, ${bytes.length} are there`);
  const tail = Buffer.from(bytes.subarray(expected.length)).toString('latin1');
  let sound = images.get(`${expected.length} ${tail}`);
  if (sound === undefined) {
    figures.images += 1;
    sound = isSound(bytes, tail, promised);
    images.set(`${expected.length} ${tail}`, sound);
  }
  if (!sound) note(figures, 'invented', 'a line was read that nobody wrote');
  for (const [path, contents] of promised.files) {
    const found = contentOf(state, path);
    if (contents.includes(found)) continue;
    if (found === null) note(figures, 'lost', `${path} was acknowledged and is missing`);
    else note(figures, 'truncated', `${path} is ${JSON.stringify(found)} and should be ${JSON.stringify(contents)}`);
  }
  const reserve = state.find(`${journalFile}.reserve`);
  if (reserve?.kind === 'file' && reserve.content.length !== 64 * 1024)
    note(figures, 'truncated', `the reserve has ${reserve.content.length} bytes`);
}

/** Nothing is read that was not written. Where every whole line is one that was, there is nothing to look for. */
function isSound(bytes: Uint8Array, tail: string, { texts, events }: Promised): boolean {
  const whole = tail.split('\n').slice(0, -1);
  return whole.every((text) => texts.has(text)) || eventsOf(bytes).every((event) => events.has(event));
}

/** Opens the journal that a crash has left, goes on with it, and cuts the power once more. */
async function recover(
  state: SimulatedDisk,
  { use, figures, before }: { use: (disk: SimulatedDisk) => void; figures: DiskFigures; before: Uint8Array },
): Promise<void> {
  use(state);
  figures.recoveries += 1;
  const written = journalBytes(state) ?? new Uint8Array();
  const seen = scanJournal(written);
  try {
    const journal = await openJournal({
      file: journalFile,
      runId,
      generation: 99,
      clock,
      boot: 'after',
      allowDamaged: true,
    });
    const added = await journal.append(rollbackStarted);
    const again = state.crash(() => 0.999);
    use(again);
    const reading = await readJournal(journalFile);
    const there = reading?.lines.at(-1);
    if (there?.type !== 'rollback_started' || there.seq !== added.seq || there.gen !== 99)
      note(figures, 'lost', 'what was acknowledged after a crash is not there after the next one');
    if (reading?.lines.length !== seen.lines.length + 1)
      note(figures, 'stuck', `${seen.lines.length} events before the recovery, ${reading?.lines.length} after it`);
  } catch (thrown) {
    note(figures, 'stuck', `${String(thrown)} with ${before.length} bytes acknowledged`);
  }
}

function note(figures: DiskFigures, field: 'lost' | 'invented' | 'truncated' | 'stuck', what: string): void {
  figures[field] += 1;
  if (figures.examples.length < 5) figures.examples.push(`${field}: ${what}`);
}

/** Every whole line that the system was ever handed; only these may be read. */
function noteLines(disk: SimulatedDisk, promised: Promised): void {
  const bytes = journalBytes(disk);
  if (bytes === promised.seen) return;
  promised.seen = bytes;
  if (bytes === null) return;
  for (const event of eventsOf(bytes)) promised.events.add(event);
  for (const text of Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1)) promised.texts.add(text);
}

function eventsOf(bytes: Uint8Array): string[] {
  return scanJournal(bytes).lines.map((line) => JSON.stringify(line));
}

function journalBytes(disk: SimulatedDisk): Uint8Array | null {
  const node = disk.find(journalFile);
  return node?.kind === 'file' ? node.content : null;
}

function contentOf(disk: SimulatedDisk, path: string): string | null {
  const node = disk.find(path);
  return node?.kind === 'file' ? Buffer.from(node.content).toString('utf8') : null;
}

function pathsBelow(disk: SimulatedDisk, path: string): string[] {
  const node = disk.find(path);
  return node?.kind === 'directory'
    ? [...node.entries.keys()].filter((name) => !name.startsWith('.')).map((name) => `${path}/${name}`)
    : [];
}
