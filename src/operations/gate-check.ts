import { z } from 'zod';
import { preflightChecks } from '../checks/preflight/list.ts';
import { DeployError } from '../model/deploy-error.ts';
import { nearestName } from '../model/operation-input.ts';
import { constructionGates, namedGates } from '../report/cards/gate-criteria.ts';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField, versionField } from './inputs.ts';
import { openPlace } from './place.ts';
import { askPreflight } from './preflight.ts';
import { openTrustedProject } from './project.ts';

export const gateCheck = defineOperation({
  name: 'gate_check',
  title: 'Check one gate of a version',
  description:
    'Pre-flight of one gate only: security, reliability, test, approval, construction (all of the gates before a change), or the id of one check. Every question of it must pass.',
  tool: false,
  effects: 'reads',
  input: z.object({
    gate: z
      .string()
      .max(64)
      .describe('Gate, phase, or id of one check')
      .meta({ examples: ['security'] }),
    version: versionField,
    environment: environmentField,
    detail: detailField,
  }),
  cli: {
    command: 'gate-check',
    positional: ['gate'],
    examples: [
      'seatrial gate-check security --version 1.4.0',
      'seatrial gate-check construction --version 1.4.0 --json',
    ],
  },
  run: async (input, context) => {
    const place = openPlace(await openTrustedProject(context), input.environment);
    const ids = preflightChecks(place.spec).map(({ id }) => id);
    return askPreflight({ ...input, strategy: undefined }, checksOf(input.gate, ids), context);
  },
});

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
    name: '`seatrial gate-check`',
    list: `- there is no gate "${gate}".${near === null ? '' : ` Did you mean ${near}?`}`,
    remedy: `Gates: ${[...gates.keys()].join(', ')}. Checks: ${ids.join(', ')}.`,
  });
}
