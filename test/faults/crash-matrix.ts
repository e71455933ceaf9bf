import { createJudge } from '../../src/analysis/judge.ts';
import { replayRun } from '../../src/journal/fold-run.ts';
import type { Outcome, RecordedEvent } from '../../src/model/run-event.ts';
import type { RunRecord } from '../../src/model/run-record.ts';
import { reconcile } from '../../src/rollout/reconcile.ts';
import { runPlan } from '../../src/rollout/run-plan.ts';
import { type Options, one, simulatedPlan, two } from '../fixtures/simulated-run.ts';
import { createWorld, type World } from '../fixtures/simulated-world.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';
import { createEffects, createMortalOwner, type Effects, type Mutant, type Owner } from './mortal-owner.ts';
import { createTornDisk, type Tear, type TornDisk } from './torn-disk.ts';

/** One release in the simulated world, and what becomes of it when nobody dies. */
export type CrashScene = { name: string; options: Options; bad: boolean };

const strategies: readonly Options[] = [
  { kind: 'canary' },
  { kind: 'blue-green' },
  { kind: 'rolling', spec: { auto: true } },
  { kind: 'direct' },
];

export const crashScenes: readonly CrashScene[] = strategies.flatMap((options) => [
  { name: `${options.kind}, good`, options, bad: false },
  { name: `${options.kind}, bad`, options, bad: true },
]);

export type CrashFigures = {
  runs: number;
  deaths: number;
  /** Lines that an owner was told to be on disk and that are not there. */
  acknowledgedLost: number;
  /** Users on a revision that they should not be on when all is over. */
  wrongRevision: number;
  /** Acts that the journal did not know of before, or without an idempotency key. */
  unannounced: number;
  /** Runs that did not end, ended twice, or whose journal has gaps. */
  badEnds: number;
  /** Acts that changed the place again when they were done again. */
  repeated: number;
  /** Half-done rollouts that were carried on instead of taken back. */
  wentOn: number;
  /** The first few, as sentences. */
  examples: string[];
};

export function noFigures(): CrashFigures {
  return {
    runs: 0,
    deaths: 0,
    acknowledgedLost: 0,
    wrongRevision: 0,
    unannounced: 0,
    badEnds: 0,
    repeated: 0,
    wentOn: 0,
    examples: [],
  };
}

const limitMs = 900_000;

/** How often an owner of this release could die when none does, and at which of these times it is writing a line. */
export async function countPoints(scene: CrashScene): Promise<{ points: number; appends: readonly number[] }> {
  const { owners } = await play(scene, { deaths: [], tear: null, mutant: 'none' });
  return { points: owners[0]?.points() ?? 0, appends: owners[0]?.appends ?? [] };
}

export type Deaths = {
  /** At which of their chances the owners die, one after the other. */
  deaths: readonly number[];
  /** What is left of a line that an owner was writing when it died; null: nothing, and the journal is not read from its bytes. */
  tear?: Tear | null;
  mutant?: Mutant;
};

/**
 * Plays a release whose owners die one after the other at their `deaths`, each followed by one that does what `reconcile` says, the
 * last of them alive to the end; adds what came of it. What is looked at is the place and the journal, not what the code says of itself.
 * Gives how many of them died: the last ones may have had nothing left to do.
 */
export async function playDeaths(figures: CrashFigures, scene: CrashScene, how: Deaths): Promise<number> {
  const { deaths, tear = null, mutant = 'none' } = how;
  const played = await play(scene, { deaths, tear, mutant });
  const died = played.owners.filter((owner) => owner.dead()).length;
  figures.runs += 1;
  figures.deaths += died;
  for (const [field, what] of await findFaults(played, scene)) {
    figures[field] += 1;
    const torn = tear === null ? '' : `, ${tear} of the last line written`;
    if (figures.examples.length < 10)
      figures.examples.push(`${scene.name}, dead at ${deaths.join(' and ')}${torn}: ${what}`);
  }
  return died;
}

type Fault = [Exclude<keyof CrashFigures, 'runs' | 'deaths' | 'examples'>, string];

async function findFaults(played: Played, scene: CrashScene): Promise<Fault[]> {
  const { world, owners, effects, outcome, provenBefore, disk } = played;
  const faults: Fault[] = [];
  const lost = owners.flatMap(({ acknowledged }) => acknowledged).filter((line) => !isWritten(world.events, line));
  if (lost.length > 0) faults.push(['acknowledgedLost', `${lost.length} lines are lost, ${lost[0]?.type} the first`]);
  for (const name of owners.flatMap(({ unannounced }) => unannounced).slice(0, 1)) faults.push(['unannounced', name]);

  const ends = world.events.filter(({ type }) => type === 'run_ended').length;
  const gaps = world.events.some(({ seq }, index) => seq !== index);
  if (outcome === null || ends !== 1 || gaps) faults.push(['badEnds', `${ends} ends, outcome ${outcome}`]);
  const unread = disk?.fault(world.events) ?? null;
  if (unread !== null) faults.push(['acknowledgedLost', `the journal cannot be read: ${unread}`]);
  for (const key of effects.repeated().slice(0, 1)) faults.push(['repeated', key]);

  const { revisions } = await world.ports.target.inspect(new AbortController().signal);
  const users = revisions.find(({ weightPercent }) => weightPercent === 100)?.revision.id;
  const stable = revisions.find(({ role }) => role === 'stable')?.revision.id;
  const right = outcome === 'succeeded' ? two.id : one.id;
  if (users !== right || stable !== right)
    faults.push(['wrongRevision', `${outcome}, users on ${users}, stable ${stable}`]);
  if (outcome === 'succeeded' && (scene.bad || provenBefore === false)) faults.push(['wentOn', `ended ${outcome}`]);
  return faults;
}

type Played = {
  world: World;
  owners: Owner[];
  effects: Effects;
  disk: TornDisk | null;
  outcome: Outcome | null;
  /** Whether everything had been proven when the first owner died; null when none died. */
  provenBefore: boolean | null;
};

async function play(scene: CrashScene, { deaths, tear, mutant }: Required<Deaths>): Promise<Played> {
  const clock = createVirtualClock();
  const plan = simulatedPlan(scene.options);
  const world = createWorld(clock, plan);
  if (scene.bad) world.behaviour.failures.canary = 0.5;
  await world.ports.append({ type: 'run_started', data: { plan, requester: 'test', dryRun: false } });
  const owners: Owner[] = [];
  const effects = createEffects(world.ports.target);
  const disk = tear === null ? null : createTornDisk(tear, mutant !== 'append-to-torn');
  let [outcome, provenBefore]: [Outcome | null, boolean | null] = [null, null];
  for (const [generation, diesAt] of [...deaths, null].entries()) {
    const found = disk?.reopen(world.events, owners.at(-1)?.torn() ?? null) ?? world.events;
    const record = recordOf(mutant === 'begin-again-when-found' ? found.slice(0, 1) : found);
    const observed = await world.ports.target.inspect(new AbortController().signal);
    const next = generation === 0 ? null : reconcile(record, observed);
    if (generation === 1) provenBefore = isProven(record);
    if (next?.act === 'nothing') {
      outcome = record.outcome;
      break;
    }
    const owner = createMortalOwner(world, { diesAt, mutant, effects });
    owners.push(owner);
    const mode = next === null || mutant.endsWith('when-found') ? 'forward' : next.act;
    outcome = await live({ owner, clock, record, mode, reason: next?.reason ?? '' });
    if (outcome !== null && !owner.dead()) break;
  }
  return { world, owners, effects, disk, outcome, provenBefore };
}

/** Every observation of the plan was over: only then may somebody who finds the run let the users stay. */
function isProven({ plan, steps }: RunRecord): boolean {
  const done = steps.filter(({ state }) => state === 'completed').map(({ step }) => step.id);
  return plan.content.steps.every(({ kind, id }) => kind !== 'bake' || done.includes(id));
}

/** Until it dies (null) or the run is over. */
async function live(life: {
  owner: Owner;
  clock: VirtualClock;
  record: RunRecord;
  mode: Parameters<typeof runPlan>[0]['mode'];
  reason: string;
}): Promise<Outcome | null> {
  const { owner, clock, record, mode, reason } = life;
  const judge = createJudge(record.plan.content.judge, { bakes: 2 });
  const ended: { outcome: Outcome | null; failure: unknown } = { outcome: null, failure: null };
  runPlan({ ports: owner.ports, record, judge, mode, reason }).then(
    (outcome) => {
      ended.outcome = outcome;
    },
    (thrown: unknown) => {
      ended.failure = thrown;
    },
  );
  await clock.runUntil(() => owner.dead() || ended.outcome !== null || ended.failure !== null, limitMs);
  if (ended.failure !== null) throw ended.failure;
  return owner.dead() ? null : ended.outcome;
}

function recordOf(events: readonly RecordedEvent[]): RunRecord {
  return replayRun(events, null, 'run');
}

function isWritten(events: readonly RecordedEvent[], line: RecordedEvent): boolean {
  const there = events[line.seq];
  return there?.type === line.type && JSON.stringify(there.data) === JSON.stringify(line.data);
}
