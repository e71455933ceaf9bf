import type { GateDecision, LearnedGate } from '../../model/gate-decision.ts';
import type { History } from '../../model/history.ts';
import type { Catalogue, Pitfall } from './catalogue.ts';
import { sortNewestFirst, usualWindow, type WindowSize, windowOf } from './history-window.ts';

/** Runs of the window in which a pitfall must have been met before it proposes itself as a gate. */
export const recurs = 3;
/** Not met for this long: what was made of it is worth a second look. */
export const fadesMs = 180 * 86_400_000;

export type GateStanding =
  | { state: 'none' }
  /** Met often enough, and nobody has decided. `runs` newest first. */
  | { state: 'proposed'; check: string; runs: string[]; environments: string[] }
  /** Met often enough, and `gates.require` has the check already. */
  | { state: 'configured'; check: string }
  /** `faded`: not met for 180 days. It stays a gate; only a person lifts one. */
  | { state: 'accepted'; decision: GateDecision; faded: boolean }
  | { state: 'dismissed'; decision: GateDecision };

export type PitfallStanding = {
  pitfall: Pitfall;
  /** Runs of the window in which it was met, newest first. */
  seen: History[];
  /** Runs in the window. */
  runs: number;
  /** The last run in which it was ever met. */
  last: History | null;
  gate: GateStanding;
};

export type StandingInput = {
  catalogue: Catalogue;
  history: readonly History[];
  decisions?: readonly GateDecision[];
  /** Checks that `gates.require` names, by environment. */
  required?: Readonly<Record<string, readonly string[]>>;
  size?: WindowSize;
};

/** Where each pitfall of the catalogue stands, in the order of the catalogue. Pure. */
export function assessPitfalls(input: StandingInput): PitfallStanding[] {
  return assessSorted({ ...input, history: sortNewestFirst(input.history) });
}

/** The same of runs that are sorted already, newest first: for a long history the sorting is what takes time. */
export function assessSorted(input: StandingInput): PitfallStanding[] {
  const { catalogue, history, size = usualWindow } = input;
  const { current, asOf } = windowOf(history, size);
  const lastSeen = lastSightings(history);
  const decided = latestDecisions(input.decisions ?? []);
  return catalogue.pitfalls.map((pitfall) => {
    const seen = current.filter((entry) => entry.pitfalls.includes(pitfall.id));
    const last = lastSeen.get(pitfall.id) ?? null;
    const decision = decided.get(pitfall.id);
    const gate =
      decision === undefined
        ? proposeGate(pitfall, seen, input.required ?? {})
        : standingOf(decision, last, asOf === null ? null : Date.parse(asOf));
    return { pitfall, seen, runs: current.length, last, gate };
  });
}

/** The gates that people made of pitfalls, by what was decided last. Pure. */
export function learnedGates(catalogue: Catalogue, decisions: readonly GateDecision[]): LearnedGate[] {
  const titles = new Map(catalogue.pitfalls.map(({ id, title }) => [id, title]));
  return [...latestDecisions(decisions).values()]
    .filter((decision) => decision.action === 'accepted')
    .map(({ pitfall, check, environments, runs, by, at }) => ({
      pitfall,
      check,
      environments,
      runs,
      by,
      at,
      title: titles.get(pitfall) ?? pitfall,
    }));
}

function proposeGate(
  { gate }: Pitfall,
  seen: readonly History[],
  required: Readonly<Record<string, readonly string[]>>,
): GateStanding {
  if (gate === undefined || seen.length < recurs) return { state: 'none' };
  const environments = [...new Set(seen.map(({ environment }) => environment))].sort();
  if (environments.every((name) => required[name]?.includes(gate) === true))
    return { state: 'configured', check: gate };
  return { state: 'proposed', check: gate, runs: seen.map(({ runId }) => runId), environments };
}

function standingOf(decision: GateDecision, last: History | null, asOfMs: number | null): GateStanding {
  if (decision.action === 'dismissed') return { state: 'dismissed', decision };
  const freshMs = Math.max(Date.parse(decision.at), last === null ? 0 : Date.parse(last.endedAt));
  return { state: 'accepted', decision, faded: asOfMs !== null && asOfMs - freshMs > fadesMs };
}

/** What was decided last of each pitfall; of two at one moment the one that gates. */
function latestDecisions(decisions: readonly GateDecision[]): Map<string, GateDecision> {
  const order = (one: GateDecision, other: GateDecision): number =>
    Date.parse(one.at) - Date.parse(other.at) ||
    Number(one.action === 'accepted') - Number(other.action === 'accepted') ||
    (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
  return new Map(
    [...decisions]
      .sort(order)
      .map((decision) => [decision.pitfall, decision] as const)
      .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)),
  );
}

function lastSightings(newestFirst: readonly History[]): Map<string, History> {
  const last = new Map<string, History>();
  for (const entry of newestFirst) for (const id of entry.pitfalls) if (!last.has(id)) last.set(id, entry);
  return last;
}
