import { createJudge } from '../../src/analysis/judge.ts';
import { replayRun } from '../../src/journal/fold-run.ts';
import type { Outcome, RecordedEvent } from '../../src/model/run-event.ts';
import type { RunRecord } from '../../src/model/run-record.ts';
import { reconcile } from '../../src/rollout/reconcile.ts';
import { runPlan } from '../../src/rollout/run-plan.ts';
import { type Options, one, simulatedPlan, two } from '../fixtures/simulated-run.ts';
import { createWorld, type World } from '../fixtures/simulated-world.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';
import { createMortalOwner, type Mutant, type Owner } from './mortal-owner.ts';

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
    wentOn: 0,
    examples: [],
  };
}

const limitMs = 900_000;

/** How often an owner of this release could die, when none does. */
export async function countPoints(scene: CrashScene): Promise<number> {
  const { owners } = await play(scene, [null], 'none');
  return owners[0]?.points() ?? 0;
}

/**
 * Plays a release whose owners die one after the other at their `deaths`, each followed by one that does what `reconcile` says, the
 * last of them alive to the end; adds what came of it. What is looked at is the place and the journal, not what the code says of itself.
 */
export async function playDeaths(
  figures: CrashFigures,
  scene: CrashScene,
  { deaths, mutant = 'none' }: { deaths: readonly number[]; mutant?: Mutant },
): Promise<void> {
  const { world, owners, outcome, closedBefore } = await play(scene, [...deaths, null], mutant);
  const told = `${scene.name}, dead at ${deaths.join(' and ')}`;
  const note = (
    field: 'acknowledgedLost' | 'wrongRevision' | 'unannounced' | 'badEnds' | 'wentOn',
    what: string,
  ): void => {
    figures[field] += 1;
    if (figures.examples.length < 10) figures.examples.push(`${told}: ${what}`);
  };
  figures.runs += 1;
  figures.deaths += owners.filter((owner) => owner.dead()).length;

  const lost = owners.flatMap(({ acknowledged }) => acknowledged).filter((line) => !isWritten(world.events, line));
  if (lost.length > 0) note('acknowledgedLost', `${lost.length} lines are lost, ${lost[0]?.type} the first`);
  for (const name of owners.flatMap(({ unannounced }) => unannounced).slice(0, 1)) note('unannounced', name);

  const ends = world.events.filter(({ type }) => type === 'run_ended').length;
  const gaps = world.events.some(({ seq }, index) => seq !== index);
  if (outcome === null || ends !== 1 || gaps) note('badEnds', `${ends} ends, outcome ${outcome}`);

  const { revisions } = await world.ports.target.inspect(new AbortController().signal);
  const users = revisions.find(({ weightPercent }) => weightPercent === 100)?.revision.id;
  const stable = revisions.find(({ role }) => role === 'stable')?.revision.id;
  const right = outcome === 'succeeded' ? two.id : one.id;
  if (users !== right || stable !== right) note('wrongRevision', `${outcome}, users on ${users}, stable ${stable}`);
  if (outcome === 'succeeded' && (scene.bad || closedBefore === false)) note('wentOn', `ended ${outcome}`);
}

type Played = {
  world: World;
  owners: Owner[];
  outcome: Outcome | null;
  /** Whether everything had been proven when the first owner died; null when none died. */
  closedBefore: boolean | null;
};

async function play(scene: CrashScene, deaths: ReadonlyArray<number | null>, mutant: Mutant): Promise<Played> {
  const clock = createVirtualClock();
  const plan = simulatedPlan(scene.options);
  const world = createWorld(clock, plan);
  if (scene.bad) world.behaviour.failures.canary = 0.5;
  await world.ports.append({ type: 'run_started', data: { plan, requester: 'test', dryRun: false } });
  const owners: Owner[] = [];
  let [outcome, closedBefore]: [Outcome | null, boolean | null] = [null, null];
  for (const [generation, diesAt] of deaths.entries()) {
    const record = recordOf(world);
    const observed = await world.ports.target.inspect(new AbortController().signal);
    const found = generation === 0 ? null : reconcile(record, observed);
    if (generation === 1) closedBefore = found?.act === 'finish' || found?.act === 'nothing';
    if (found?.act === 'nothing') {
      outcome = record.outcome;
      break;
    }
    const owner = createMortalOwner(world, diesAt, mutant);
    owners.push(owner);
    const mode = found === null || mutant === 'go-on-when-found' ? 'forward' : found.act;
    outcome = await live({ owner, clock, record, mode, reason: found?.reason ?? '' });
    if (outcome !== null && !owner.dead()) break;
  }
  return { world, owners, outcome, closedBefore };
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

function recordOf(world: World): RunRecord {
  return replayRun(world.events, null, 'run');
}

function isWritten(events: readonly RecordedEvent[], line: RecordedEvent): boolean {
  const there = events[line.seq];
  return there?.type === line.type && JSON.stringify(there.data) === JSON.stringify(line.data);
}
