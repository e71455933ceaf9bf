import { expect } from 'vitest';
import type { StrategySpec } from '../../../src/model/config/strategy.ts';
import type { Revision } from '../../../src/model/revision.ts';
import type { Step } from '../../../src/model/step.ts';
import { planRollback } from '../../../src/rollout/plan-rollback.ts';
import { planWayBack } from '../../../src/strategies/plan-way-back.ts';
import type { CaseRun } from './describe-target.ts';
import { actsOf, essence, type Scene } from './scene.ts';

type Kind = StrategySpec['kind'];

/** Whole plans against the target: back from each of their steps, and each of them twice. */
export const rollbackCases = {
  'rollback-canary': (scene) => goBackAtEveryStep(scene, 'canary'),
  'rollback-blue-green': (scene) => goBackAtEveryStep(scene, 'blue-green'),
  'rollback-rolling': (scene) => goBackAtEveryStep(scene, 'rolling'),
  'rollback-direct': (scene) => goBackAtEveryStep(scene, 'direct'),
  repeat: async (scene) => {
    for (const kind of ['canary', 'rolling', 'direct'] as const) {
      await scene.settle();
      const candidate = scene.next();
      const planned = await scene.plan(kind, candidate, { settings: settings[kind] });
      if (!planned.ok) continue;
      for (const step of actsOf(planned.steps)) {
        await scene.carryOut(step, candidate, {});
        const once = essence(await scene.inspect());
        await scene.carryOut(step, candidate, {});
        expect(essence(await scene.inspect()), `${kind}, ${step.id} for the second time`).toEqual(once);
      }
      await scene.expectServing(candidate);
      const back = await wayBack(scene, kind, { candidate, done: actsOf(planned.steps) });
      for (const step of [...back, ...back]) await scene.carryOut(step, movedBy(back, candidate), { way: 'back' });
      await scene.expectServing(scene.one);
    }
  },
} satisfies Record<string, CaseRun>;

/** Two weights are enough to stand between none and all. */
const settings: Record<Kind, Record<string, unknown>> = {
  canary: {
    steps: [
      { weight: '25%', bake: '0s' },
      { weight: '100%', bake: '0s' },
    ],
    holdBack: '0%',
  },
  'blue-green': { standby: '0s' },
  rolling: {},
  direct: {},
};

async function goBackAtEveryStep(scene: Scene, kind: Kind): Promise<void> {
  for (let done = 1; ; done += 1) {
    await scene.settle();
    const candidate = scene.next();
    const planned = await scene.plan(kind, candidate, { settings: settings[kind] });
    if (!planned.ok) throw new Error(`${kind}: ${planned.reasons.join('; ')}`);
    const steps = actsOf(planned.steps);
    if (done > steps.length) return;
    for (const step of steps.slice(0, done)) await scene.carryOut(step, candidate, {});
    const back = await wayBack(scene, kind, { candidate, done: steps.slice(0, done) });
    for (const step of back) await scene.carryOut(step, movedBy(back, candidate), { way: 'back' });
    await scene.expectServing(scene.one);
    expect(await scene.weightOf(candidate), `after ${steps[done - 1]?.id}`).toBe(0);
  }
}

/** Weights are those of the run's candidate, which is the former revision where it is brought back. */
function movedBy(steps: readonly Step[], candidate: Revision): Revision {
  const started = steps.find((step) => step.kind === 'provision');
  return started?.revision ?? candidate;
}

/** As a run goes back that has come so far; where the former revision is away already, another run brings it back. */
async function wayBack(
  scene: Scene,
  kind: Kind,
  { candidate, done }: { candidate: Revision; done: readonly Step[] },
): Promise<Step[]> {
  const [capabilities, stable] = [await scene.capabilities(), scene.one];
  if ((await scene.find(stable)) === undefined) {
    const planned = await scene.plan('direct', stable, { stable: candidate });
    if (!planned.ok) throw new Error(planned.reasons.join('; '));
    return actsOf(planned.steps);
  }
  const replacesInstances = kind === 'rolling';
  const wanted = planWayBack({ candidate, stable, instances: 2, drainMs: 1000, capabilities, replacesInstances });
  const steps = done.map((step) => ({ phase: 'forward' as const, state: 'completed' as const, step }));
  return actsOf(planRollback({ plan: { content: { wayBack: wanted, stable, instances: 2 } }, steps }));
}
