import { z } from 'zod';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField, versionField } from './inputs.ts';
import { askPreflight } from './preflight.ts';

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
  run: (input, context) => askPreflight({ ...input, strategy: undefined }, input.gate, context),
});
