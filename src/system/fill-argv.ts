import { DeployError } from '../model/deploy-error.ts';
import { argumentSchema } from '../model/vetted.ts';

/** What a template may name; a value that a call does not have (the stable revision of an empty place) is the empty text. */
export type CommandValues = Readonly<Record<string, string>>;

/**
 * A template with its values: a whole argument `{name}`, or what follows `--flag=`; those in `numbers` also inside other text.
 * One element always stays one argument. Throws TARGET_REFUSED for a value that a program could take for an option, that cannot
 * be an argument at all, or that is no number where one is needed. Pure.
 */
export function fillArgv(
  template: readonly string[],
  values: CommandValues,
  numbers: readonly string[] = [],
): string[] {
  return template.map((argument) => {
    const [, flag = '', name] = /^(--?[A-Za-z][A-Za-z0-9-]*=)?\{([A-Za-z]+)\}$/.exec(argument) ?? [];
    const value = name === undefined ? undefined : values[name];
    if (name === undefined || value === undefined) return fillNumbers(argument, values, numbers);
    const mistake = valueMistake(value) ?? (numbers.includes(name) ? numberMistake(value) : null);
    if (mistake !== null) throw cannotHand(name, mistake);
    return `${flag}${value}`;
  });
}

/** The same values as variables: `revisionId` → `SEATRIAL_REVISION_ID`. Pure. */
export function valueVariables(values: CommandValues): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [key, value] of Object.entries(values))
    variables[`SEATRIAL_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`] = value;
  return variables;
}

function fillNumbers(argument: string, values: CommandValues, numbers: readonly string[]): string {
  return numbers.reduce((text, name) => {
    const value = values[name];
    if (value === undefined || !text.includes(`{${name}}`)) return text;
    const mistake = numberMistake(value);
    if (mistake !== null) throw cannotHand(name, mistake);
    return text.replaceAll(`{${name}}`, value);
  }, argument);
}

function cannotHand(name: string, mistake: string): DeployError {
  return new DeployError('TARGET_REFUSED', {
    reason: `{${name}} cannot be handed to a program: it ${mistake}`,
    remedy: 'Nothing was run. Give the revision another name.',
  });
}

function numberMistake(value: string): string | null {
  return /^\d{1,15}$/.test(value) ? null : 'is not a number';
}

function valueMistake(value: string): string | null {
  if (value.startsWith('-')) return 'begins with a hyphen and would be taken for an option';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose
  if (/[\u0000-\u001f\u007f]/.test(value)) return 'has control characters';
  return argumentSchema.safeParse(value).success ? null : 'is too long, or not plain ASCII';
}
