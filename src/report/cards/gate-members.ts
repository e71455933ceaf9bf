import { namedGates } from '../gate-answer.ts';
import { constructionGates } from './gate-criteria.ts';

/** Ids of the checks that a gate before the change is made of; any other name is taken for the id of a check. Pure. */
export function gateMembers(gate: string): readonly string[] {
  const name = gate.toLowerCase();
  const named = Object.entries(namedGates).find(([own]) => own === name);
  if (named !== undefined) return named[1];
  return name === 'construction' ? constructionGates.flatMap(([, own]) => own) : [gate];
}
