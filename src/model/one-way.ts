import type { PlanContent } from './plan.ts';

/** Whether going back by itself could destroy data once users were on the candidate. Pure. */
export function isOneWayMigration(migration: PlanContent['migration']): boolean {
  return migration === 'contract' || migration === 'irreversible';
}
