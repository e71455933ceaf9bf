import type { History } from '../model/history.ts';
import { plural } from './format.ts';

/** `pitfalls`: those for which points were taken off. */
export type Rating = { value: number; formula: string; pitfalls: string[] };

/** A suggested 1–10 for smoothness and safety, with every term of it. Pure. */
export function suggestRating(history: History): Rating {
  const endings: Record<History['outcome'], number> = {
    succeeded: 0,
    unverified: 2,
    aborted: 2,
    failed: 3,
    rolled_back: 4,
    rollback_failed: 8,
  };
  const serious = [
    'missing-rollback-plan',
    'insufficient-monitoring',
    'overridden-gate',
    'migration-without-way-back',
    'monitoring-alert-missed',
  ];
  const other = history.pitfalls.filter((id) => id !== 'rollback-needed' && id !== 'deploy-failure');
  const heavy = other.filter((id) => serious.includes(id));
  const light = other.filter((id) => !serious.includes(id));
  const terms: Array<readonly [number, string]> = [
    [endings[history.outcome], `outcome ${history.outcome}`],
    [heavy.length, `${plural(heavy.length, 'serious pitfall')}: ${heavy.join(', ')}`],
    [light.length / 2, `${plural(light.length, 'lesser pitfall')}, ½ each: ${light.join(', ')}`],
    [history.restoreMs !== null && history.restoreMs > 60_000 ? 1 : 0, 'users waited more than 1m for the return'],
    [history.heldMs > 15 * 60_000 ? 1 : 0, 'held for more than 15m'],
  ];
  const counted = terms.filter(([points]) => points > 0);
  const sum = 10 - counted.reduce((total, [points]) => total + points, 0);
  const value = Math.min(10, Math.max(1, Math.round(sum)));
  const rounded = value === sum ? '' : `, rounded within 1–10`;
  return {
    value,
    pitfalls: other,
    formula: `10${counted.map(([points, why]) => ` − ${points} (${why})`).join('')} = ${sum}${rounded}`,
  };
}
