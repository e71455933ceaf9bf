import { afterAll, describe, expect, it } from 'vitest';
import type { Target } from '../../src/model/target.ts';
import { begin, type Options, one, two } from '../fixtures/simulated-run.ts';
import type { World } from '../fixtures/simulated-world.ts';
import { recordProof } from './record-proof.ts';

const strategies: readonly Options[] = [
  { kind: 'canary' },
  { kind: 'blue-green' },
  { kind: 'rolling', spec: { auto: true } },
  { kind: 'direct' },
];
const deafTo = ['provision', 'set_weight', 'replace_batch', 'promote', 'retire'] as const;
type Deaf = (typeof deafTo)[number];

/** Says yes to acts of this kind from the `from`-th on, and does nothing. */
function makeDeaf({ ports }: World, kind: Deaf, from: number): () => boolean {
  const { target } = ports;
  let count = 0;
  let swallowed = false;
  const hear =
    <Given extends unknown[], Said>(name: Deaf, work: (...given: Given) => Promise<Said>, nothing: Said) =>
    async (...given: Given): Promise<Said> => {
      if (name !== kind) return work(...given);
      count += 1;
      if (count < from) return work(...given);
      swallowed = true;
      return nothing;
    };
  const { traffic, batches } = target;
  const deaf: Partial<Target> = {
    provision: hear('provision', target.provision, undefined),
    promote: hear('promote', target.promote, undefined),
    retire: hear('retire', target.retire, undefined),
    ...(traffic && { traffic: { ...traffic, setWeight: hear('set_weight', traffic.setWeight, undefined) } }),
    ...(batches && { batches: { replaceBatch: hear('replace_batch', batches.replaceBatch, undefined) } }),
  };
  // The run holds the target itself.
  Object.assign(target, deaf);
  return () => swallowed;
}

describe('a target that says yes and does nothing', () => {
  const tried = { runs: 0, swallowed: 0 };
  const wrong: string[] = [];
  afterAll(() =>
    recordProof({
      promise: 'driver-faults',
      what: 'a place that says yes to an act and does nothing, from its first, second or third on, in good and bad releases of every strategy: no run says of users what is not so',
      tried: tried.runs,
      wrong: wrong.length,
      seed: null,
      figures: { 'runs with such an act': tried.swallowed },
    }),
  );

  it.each(deafTo)('is not believed: %s', async (kind) => {
    const before = tried.swallowed;
    for (const options of strategies)
      for (const bad of [false, true])
        for (const from of [1, 2, 3]) {
          const run = await begin(options);
          const swallowed = makeDeaf(run.world, kind, from);
          if (bad) run.world.behaviour.failures.canary = 0.5;
          const outcome = await run.toEnd();
          tried.runs += 1;
          tried.swallowed += Number(swallowed());
          const { revisions } = await run.world.ports.target.inspect(new AbortController().signal);
          const users = revisions.find(({ weightPercent }) => weightPercent === 100)?.revision.id ?? 'split';
          const saysBack = outcome === 'rolled_back' || outcome === 'aborted';
          const lies = (saysBack && users !== one.id) || (outcome === 'succeeded' && users !== two.id);
          const told = `${options.kind}, ${bad ? 'bad' : 'good'}, deaf from ${kind} ${from} on: ${outcome}, users on ${users}`;
          if (lies || (bad && outcome === 'succeeded')) wrong.push(told);
        }
    expect(wrong).toEqual([]);
    expect(tried.swallowed).toBeGreaterThan(before);
  });
});
