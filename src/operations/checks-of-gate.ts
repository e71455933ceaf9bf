import { DeployError } from '../model/deploy-error.ts';
import { nearestName } from '../model/operation-input.ts';
import { constructionGates, namedGates } from '../report/cards/gate-criteria.ts';

/** Ids of the checks that a gate is made of. Throws INPUT_INVALID, with what there is, for any other name. */
export function checksOf(gate: string, ids: readonly string[]): readonly string[] {
  const gates = new Map<string, readonly string[]>([
    ...Object.entries(namedGates),
    ['construction', constructionGates.flatMap(([, own]) => own)],
  ]);
  const name = gate.toLowerCase().replace(/-gate$/, '');
  const own = gates.get(name) ?? (ids.includes(gate) ? [gate] : null);
  if (own !== null) return own;
  const near = nearestName(name, [...gates.keys(), ...ids]);
  throw new DeployError('INPUT_INVALID', {
    name: 'gate',
    list: `- there is no gate "${gate}".${near === null ? '' : ` Did you mean ${near}?`}`,
    remedy: `Gates: ${[...gates.keys()].join(', ')}. Checks: ${ids.join(', ')}.`,
  });
}
