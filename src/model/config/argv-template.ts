import { z } from 'zod';
import { argument, refuseSecrets } from './argv-schema.ts';

/**
 * Program and arguments into which values are put: each one a whole argument, or what follows `--flag=`. Those in `numbers`
 * are digits only and may also stand inside other text.
 */
export function templateSchema(values: readonly string[], numbers: readonly string[] = []) {
  const inside = numbers.map((name) => `{${name}}`).join(', ');
  return z
    .array(argument)
    .min(1)
    .superRefine(refuseSecrets)
    .superRefine((argv, context) => {
      for (const [index, argument] of argv.entries()) {
        const message = index === 0 ? programMistake(argument, values) : argumentMistake(argument, values, numbers);
        if (message !== null) context.addIssue({ code: 'custom', path: [index], message });
      }
    })
    .describe(
      `Program and arguments; never a shell line. {name} is replaced where it is a whole argument or follows --flag=: ${values.join(', ') || 'service, environment'}${inside === '' ? '' : `; ${inside} also inside other text`}`,
    );
}

/** What is wrong with one argument of a template; null when nothing is. Pure. */
export function argumentMistake(
  argument: string,
  values: readonly string[],
  numbers: readonly string[] = [],
): string | null {
  const whole = /^(?:--?[A-Za-z][A-Za-z0-9-]*=)?\{([A-Za-z]+)\}$/.exec(argument)?.[1];
  const there = values.map((name) => `{${name}}`).join(', ');
  if (whole !== undefined) return values.includes(whole) ? null : `{${whole}} is not there; there is: ${there}`;
  const spliced = values.find((name) => !numbers.includes(name) && argument.includes(`{${name}}`));
  return spliced === undefined
    ? null
    : `{${spliced}} must be a whole argument, or follow --flag=; a value is never made a part of other text`;
}

function programMistake(program: string, values: readonly string[]): string | null {
  const inside = values.some((name) => program.includes(`{${name}}`));
  return inside || /^\{[A-Za-z]+\}$/.test(program) ? 'the program itself cannot be a value' : null;
}
