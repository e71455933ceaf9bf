import type { StrategySpec } from '../model/config/strategy.ts';
import { renderMs, type Step } from '../model/step.ts';
import { numberSteps } from './step-list.ts';

export type PaceWish = {
  longer: boolean;
  shorter: boolean;
  /** All watches together should take no longer; null when nobody said. */
  budgetMs: number | null;
  /** Shortest watch that still gives evidence: between steps, and at the end. */
  floors: { stepMs: number; lastMs: number };
  instances: number;
};

/** Watches that are asked for with care take this many times as long. */
const longerFactor = 2;

/**
 * The strategy with its watches made longer or shorter, and a sentence for each thing that changed, or that was asked for
 * and cannot be had. No watch falls below its floor and no step, gate or proof is left out: shortened is the least time
 * only, and the weight still rises by a verdict. Pure.
 */
export function applyPace(spec: StrategySpec, wish: PaceWish): { spec: StrategySpec; changes: string[] } {
  const { budgetMs, instances } = wish;
  const before = leastWatchMs(spec, instances);
  const tooLong = budgetMs !== null && before > budgetMs;
  const hurried = wish.shorter || tooLong;
  if (!wish.longer && !hurried) return { spec, changes: budgetNote(before, budgetMs) };
  if (wish.longer) {
    const longer = mapBakes(spec, (ms) => ms * longerFactor);
    const both = hurried ? ['a tight timeline was asked for too: the longer watch wins, and nothing is shortened'] : [];
    const after = leastWatchMs(longer, instances);
    return {
      spec: longer,
      changes: [
        `every watch takes ${longerFactor} times as long: at least ${renderMs(after)} in all instead of ${renderMs(before)}`,
        ...both,
        ...budgetNote(after, budgetMs),
      ],
    };
  }
  const { stepMs, lastMs } = wish.floors;
  const shorter = mapBakes(spec, (ms, last) => Math.min(ms, Math.max(Math.round(ms / 2), last ? lastMs : stepMs)));
  const after = leastWatchMs(shorter, instances);
  const floor = `less than ${renderMs(stepMs)} at a step, or ${renderMs(lastMs)} at the end, would prove too little`;
  return {
    spec: shorter,
    changes: [
      after < before
        ? `watches are shortened to at least ${renderMs(after)} in all instead of ${renderMs(before)}; ${floor}; no step, gate or proof is left out`
        : `no watch is shortened: they take at least ${renderMs(before)} in all, and ${floor}`,
      ...budgetNote(after, budgetMs),
    ],
  };
}

/** Least time of all watches of a strategy, ms. Pure. */
export function leastWatchMs(spec: StrategySpec, instances: number): number {
  switch (spec.kind) {
    case 'canary':
      return spec.aaPhase + spec.steps.reduce((sum, step) => sum + step.bake, 0);
    case 'rolling':
      return (Math.ceil(instances / spec.batch) - 1) * spec.bake + spec.finalBake;
    default:
      return spec.bake;
  }
}

/**
 * The steps with one more at which a person lets the run go on before all users get the candidate. Unchanged where such a
 * step is there already. Pure.
 */
export function withPersonGate(steps: readonly Step[]): { steps: Step[]; added: boolean } {
  const at = steps.findIndex(givesAllUsers);
  const before = steps[at - 1];
  if (at === -1 || before?.kind === 'approve') return { steps: [...steps], added: false };
  const gated = [...steps.slice(0, at), { kind: 'approve' as const, id: '', gate: 'everybody' }, ...steps.slice(at)];
  return { steps: numberSteps(gated), added: true };
}

function givesAllUsers(step: Step): boolean {
  switch (step.kind) {
    case 'set_weight':
      return step.weightPercent >= 100 || step.holdBackPercent !== undefined;
    case 'replace_batch':
      return step.stableInstances === 0;
    case 'promote':
      return true;
    default:
      return false;
  }
}

function mapBakes(spec: StrategySpec, change: (ms: number, last: boolean) => number): StrategySpec {
  switch (spec.kind) {
    case 'canary': {
      const { steps } = spec;
      return {
        ...spec,
        steps: steps.map((step, index) => ({ ...step, bake: change(step.bake, index === steps.length - 1) })),
      };
    }
    case 'rolling':
      return { ...spec, bake: change(spec.bake, false), finalBake: change(spec.finalBake, true) };
    default:
      return { ...spec, bake: change(spec.bake, true) };
  }
}

function budgetNote(leastMs: number, budgetMs: number | null): string[] {
  if (budgetMs === null) return [];
  const asked = `the watches should take at most ${renderMs(budgetMs)}`;
  return [
    leastMs <= budgetMs
      ? `${asked}: they take at least ${renderMs(leastMs)}, longer only where the evidence needs it`
      : `${asked}: THEY DO NOT FIT, they take at least ${renderMs(leastMs)}; tell whoever waits`,
  ];
}
