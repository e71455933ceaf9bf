import { toDeployError } from '../model/deploy-error.ts';
import type { ForeignChanges } from '../model/target.ts';
import type { RolloutPorts } from './ports.ts';

/** What somebody else does to the place while a run goes on, and what the run does about it. */
export type ForeignWatch = {
  /** Writes down what the last look saw and begins another when one is due. Waits for the journal, never for the place. */
  watch(): Promise<void>;
  /** Looks now, and puts back what is to be put back; waits for it at most `lookWithinMs`, and writes it down. */
  lookNow(): Promise<void>;
  /** What stands against going on; null when nothing does. */
  finding(): ForeignFinding | null;
  /** A person wants it put back; false when nothing holds the run. */
  accept(by: string): boolean;
  /** Nothing of it is under way any more. For the way back, which waits no longer than `restWithinMs`. */
  rest(): Promise<void>;
};

export type ForeignFinding = { action: 'hold' | 'abort'; reason: string };

type State = {
  ports: RolloutPorts;
  runId: string;
  /** What was changed, in words; null when all is as it was left. */
  found: string | null;
  /** Who asked for it to be put back. */
  acceptedBy: string | null;
  /** Of the last minute, monotonic ms. */
  restoredMs: number[];
  notes: Note[];
  /** Said already, and not said again while it stays so. */
  said: string | null;
  round: { stop: AbortController; over: Promise<void> } | null;
  dueMs: number;
};

type Note = { code: 'FOREIGN_CHANGE' | 'TARGET_RELOADED'; message: string };

const everyMs = 1000;
const lookWithinMs = 5000;
const restWithinMs = 250;
/** Somebody who changes it this often within a minute does not do so by mistake: then the run holds. */
const mostRestores = 5;
const minuteMs = 60_000;

/** Where a target cannot tell, nothing is ever found. */
export function createForeignWatch(ports: RolloutPorts, runId: string): ForeignWatch {
  const dueMs = Number.NEGATIVE_INFINITY;
  const state: State = {
    ...{ ports, runId, dueMs },
    ...{ found: null, acceptedBy: null, restoredMs: [], notes: [], said: null, round: null },
  };
  const write = async (): Promise<void> => {
    for (const { code, message } of state.notes.splice(0))
      await ports.append({ type: 'warning', data: { code, message: message.slice(0, 2000) } });
  };
  return {
    watch: async () => {
      await write();
      if (ports.clock.monotonic() >= state.dueMs) begin(state);
    },
    lookNow: async () => {
      // One that is under way may have looked before somebody changed it.
      await endOf(state, lookWithinMs);
      begin(state);
      await endOf(state, lookWithinMs);
      await write();
    },
    finding: () => findingOf(state),
    accept: (by) => {
      if (findingOf(state)?.action !== 'hold') return false;
      state.acceptedBy = by;
      state.dueMs = Number.NEGATIVE_INFINITY;
      return true;
    },
    rest: async () => {
      state.round?.stop.abort();
      await endOf(state, restWithinMs);
      state.found = null;
      await write();
    },
  };
}

function findingOf(state: State): ForeignFinding | null {
  const { found, ports, acceptedBy } = state;
  const policy = ports.target.foreign?.policy;
  if (found === null || policy === undefined) return null;
  const why = `somebody else has changed where users are sent: ${found}`;
  if (policy === 'abort') return { action: 'abort', reason: why };
  if (acceptedBy !== null) return { action: 'hold', reason: `${why}; it is being put back, as ${acceptedBy} asked` };
  const ways = '`resume` puts it back and goes on, `abort` goes back; the hold ends by itself when it is undone';
  if (policy === 'hold') return { action: 'hold', reason: `${why}; ${ways}` };
  if (!isTooOften(state)) return null;
  return { action: 'hold', reason: `${why}; it was put back ${mostRestores} times within a minute; ${ways}` };
}

function isTooOften({ restoredMs, ports }: State): boolean {
  const now = ports.clock.monotonic();
  return restoredMs.filter((atMs) => now - atMs < minuteMs).length >= mostRestores;
}

function begin(state: State): void {
  if (state.round !== null || state.ports.target.foreign === undefined) return;
  const stop = new AbortController();
  const over = lookAround(state, stop.signal)
    .catch((thrown: unknown) => noteOnce(state, stop.signal, thrown))
    .finally(() => {
      state.round = null;
      state.dueMs = state.ports.clock.monotonic() + everyMs;
    });
  state.round = { stop, over };
}

async function endOf(state: State, withinMs: number): Promise<void> {
  if (state.round === null) return;
  const settled = new AbortController();
  const over = state.round.over.finally(() => settled.abort());
  await Promise.race([over, state.ports.clock.sleep(withinMs, settled.signal)]);
}

async function lookAround(state: State, signal: AbortSignal): Promise<void> {
  const { target, clock } = state.ports;
  if (target.foreign === undefined) return;
  const seen = await target.foreign.look(signal);
  if (signal.aborted) return;
  if (seen.reloaded !== null) state.notes.push({ code: 'TARGET_RELOADED', message: renderReload(seen) });
  if (seen.changes.length === 0) {
    Object.assign(state, { found: null, acceptedBy: null, said: null });
    return;
  }
  state.found = `${seen.changes.slice(0, 4).join('; ')} (${seen.by})`;
  const mayRestore = target.foreign.policy === 'reapply' && !isTooOften(state);
  if (!mayRestore && state.acceptedBy === null) return say(state, state.found);
  const { found, acceptedBy } = state;
  await restore(state, signal);
  if (signal.aborted) return;
  const who = acceptedBy === null ? '' : `, as ${acceptedBy} asked`;
  state.notes.push({ code: 'FOREIGN_CHANGE', message: `${found}; it was put back${who}` });
  // Whoever asks for it has seen what was done; the count begins anew.
  state.restoredMs = acceptedBy === null ? [...state.restoredMs.slice(-mostRestores), clock.monotonic()] : [];
  Object.assign(state, { found: null, acceptedBy: null, said: null });
}

async function restore({ ports, runId }: State, signal: AbortSignal): Promise<void> {
  // Who has lost the target must not touch it; the run itself finds out at its next look.
  if (!(await ports.stillOwner())) return;
  await ports.target.foreign?.restore({
    idempotencyKey: `${runId}:restore`,
    fence: ports.generation,
    deadlineMs: ports.deadlines.changeMs,
    signal,
  });
}

function renderReload({ reloaded, changes }: ForeignChanges): string {
  return `${reloaded}; ${changes.length === 0 ? 'it kept where users are sent' : `it lost: ${changes.slice(0, 4).join('; ')}`}`;
}

function noteOnce(state: State, signal: AbortSignal, thrown: unknown): void {
  if (signal.aborted) return;
  const { message } = toDeployError(thrown);
  if (state.found !== null) say(state, `${state.found}; it could not be put back: ${message}`);
}

function say(state: State, message: string): void {
  if (state.said === message) return;
  state.said = message;
  state.notes.push({ code: 'FOREIGN_CHANGE', message });
}
