import { z } from 'zod';
import { createRedactor } from '../redaction/redactor.ts';

/** One argument of a program. */
export const argument = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character');

const shapesOnly = createRedactor([]);

/** Every user of the machine can read the arguments of a program, and a plan shows them as they are. */
export function refuseSecrets(argv: readonly string[], context: z.RefinementCtx): void {
  const clean = shapesOnly.data(argv);
  for (const [index, text] of argv.entries())
    if (clean[index] !== text)
      context.addIssue({
        code: 'custom',
        path: [index],
        message:
          'looks like a secret; arguments are shown in plans and to every user of the machine: hand it over in a variable (pass) that the program reads',
      });
}

export const argvSchema = z
  .array(argument)
  .min(1)
  .superRefine(refuseSecrets)
  .describe('A program and its arguments, one array element each; never a shell line');
