import { DeployError } from '../../model/deploy-error.ts';
import { argumentSchema } from '../../model/vetted.ts';

/** What a template may name; a value that a call does not have (the stable revision of an empty place) is the empty text. */
export type CommandValues = Readonly<Record<string, string>>;

/**
 * A template with its values: a whole argument `{name}`, or what follows `--flag=`. One element always stays one argument.
 * Throws TARGET_REFUSED for a value that a program could take for an option, or that cannot be an argument at all. Pure.
 */
export function fillArgv(template: readonly string[], values: CommandValues): string[] {
  return template.map((argument) => {
    const [, flag = '', name] = /^(--?[A-Za-z][A-Za-z0-9-]*=)?\{([A-Za-z]+)\}$/.exec(argument) ?? [];
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || value === undefined) return argument;
    const mistake = valueMistake(value);
    if (mistake !== null)
      throw new DeployError('TARGET_REFUSED', {
        reason: `{${name}} cannot be handed to a program: it ${mistake}`,
        remedy: 'Nothing was run. Give the revision another name.',
      });
    return `${flag}${value}`;
  });
}

function valueMistake(value: string): string | null {
  if (value.startsWith('-')) return 'begins with a hyphen and would be taken for an option';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
  if (/[\u0000-\u001f\u007f]/.test(value)) return 'has control characters';
  return argumentSchema.safeParse(value).success ? null : 'is too long, or not plain ASCII';
}
