import { DeployError, toDeployError } from '../../src/model/deploy-error.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { Act, Target } from '../../src/model/target.ts';
import type { FaultyWire } from './faulty-wire.ts';

export type Seen = { weightPercent: number; role: string; instances: number };

/** A place whose driver talks over a faulty wire. */
export type WiredPlace = {
  target: Target;
  wire: FaultyWire;
  /** So that some calls come through: one that takes many connections meets many faults. */
  faultRatio: number;
  stable: Revision;
  candidate: Revision;
  act(changes: Partial<Act>): Act;
  /** What the engine itself says, past the wire and the driver; null for a revision that it does not know. */
  look(revision: Revision): Promise<Seen | null>;
};

export type RoundFigures = {
  calls: number;
  /** Calls that said that they had done it, and calls that said why not. */
  done: number;
  refused: number;
  wrong: string[];
};

/** Errors that say that nobody knows whether it was done, or that it was not. */
const clearErrors = ['TARGET_UNREACHABLE', 'TARGET_CHANGED', 'TARGET_REFUSED', 'STEP_TIMED_OUT', 'HTTP_FAILED'];

type Wish = { name: string; ask(act: Act): Promise<void>; isSo(): Promise<boolean> };

/** Calls of the driver while the wire is bad. What failed is asked again over a good wire, as a run would, and must then be so. */
export async function playRounds(place: WiredPlace, rounds: number, random: () => number): Promise<RoundFigures> {
  const figures: RoundFigures = { calls: 0, done: 0, refused: 0, wrong: [] };
  for (let round = 0; round < rounds; round += 1) {
    const wish = drawWish(place, random);
    place.wire.faultRatio = place.faultRatio;
    figures.calls += 1;
    const failure = await wish.ask(place.act({ deadlineMs: 2000 })).then(() => null, toDeployError);
    place.wire.faultRatio = 0;
    if (failure === null) {
      figures.done += 1;
      if (!(await wish.isSo())) figures.wrong.push(`${wish.name} was said to be done and is not`);
      continue;
    }
    figures.refused += 1;
    if (!clearErrors.includes(failure.code))
      figures.wrong.push(`${wish.name} failed with ${failure.code}: ${failure.message}`);
    await repeat(place, wish, figures);
  }
  return figures;
}

async function repeat(place: WiredPlace, wish: Wish, { wrong }: RoundFigures): Promise<void> {
  try {
    await wish.ask(place.act({ deadlineMs: 60_000 }));
    if (!(await wish.isSo())) wrong.push(`${wish.name} was repeated and is not so`);
  } catch (thrown) {
    const reason = thrown instanceof DeployError ? `${thrown.code}: ${thrown.message}` : String(thrown);
    wrong.push(`${wish.name} could not be repeated over a good wire: ${reason}`);
  }
}

function drawWish({ target, stable, candidate, look }: WiredPlace, random: () => number): Wish {
  const drawn = random();
  if (drawn < 0.7) {
    const weightPercent = [0, 5, 25, 50, 100][Math.floor(random() * 5)] ?? 0;
    return {
      name: `weight ${weightPercent}`,
      ask: async (act) => target.traffic?.setWeight({ revisionId: candidate.id, weightPercent }, act),
      isSo: async () => (await look(candidate))?.weightPercent === weightPercent,
    };
  }
  if (drawn < 0.85)
    return {
      name: 'provision what is there',
      ask: (act) => target.provision({ revision: candidate, instances: 2 }, act),
      // An instance too many would be an effect that was had twice.
      isSo: async () => (await look(candidate))?.instances === 2 && (await look(stable))?.instances === 2,
    };
  return {
    name: 'inspect',
    ask: async (act) => {
      const { revisions } = await target
        .inspect(AbortSignal.any([act.signal, AbortSignal.timeout(act.deadlineMs)]))
        .catch((thrown: unknown) => {
          const error = toDeployError(thrown);
          throw error.code === 'CANCELLED' || error.code === 'INTERNAL'
            ? new DeployError('STEP_TIMED_OUT', { step: 'inspect', seconds: 2 })
            : error;
        });
      const found = revisions.find(({ revision }) => revision.id === candidate.id);
      const truth = await look(candidate);
      if (found?.weightPercent !== truth?.weightPercent)
        throw new Error(`it says ${found?.weightPercent} %, and it is ${truth?.weightPercent} %`);
    },
    isSo: async () => true,
  };
}
