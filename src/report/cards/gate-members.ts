import { namedGates } from '../gate-answer.ts';
import { constructionGates } from './gate-criteria.ts';

const members = new Map<string, readonly string[]>([
  ...Object.entries(namedGates),
  ['construction', constructionGates.flatMap(([, own]) => own)],
]);

/** Names of the gates before a change that are made of several checks. */
export const compoundGates: readonly string[] = [...members.keys()];

/** Ids of the checks that a gate before the change is made of; null for any other name. Pure. */
export function gateMembers(gate: string): readonly string[] | null {
  return members.get(gate.toLowerCase()) ?? null;
}
