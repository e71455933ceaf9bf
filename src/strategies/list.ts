import type { Strategy } from '../model/strategy.ts';
import { blueGreen } from './blue-green.ts';
import { canary } from './canary.ts';
import { direct } from './direct.ts';
import { rolling } from './rolling.ts';

/** Every strategy there is, in the order in which they are shown. */
export const strategies: readonly Strategy[] = [direct, canary, blueGreen, rolling];

/** The strategy of a kind, or null. */
export function findStrategy(kind: string): Strategy | null {
  return strategies.find((strategy) => strategy.kind === kind) ?? null;
}
