import { DeployError } from '../model/deploy-error.ts';
import { nearestName } from '../model/operation-input.ts';
import { printable } from '../model/printable.ts';

/** A command as data: the same text that an agent plugin ships as a slash command. */
export type PromptDefinition = {
  name: string;
  description: string;
  arguments: ReadonlyArray<{ name: string; description: string; required: boolean }>;
  /** `$name`, `$0` … `$9` and `$ARGUMENTS` are replaced. */
  text: string;
};

const longestArgument = 500;

/** The text with its arguments in place; what was not given reads "(not given)". Throws INPUT_INVALID. Pure. */
export function renderPrompt(prompt: PromptDefinition, given: Readonly<Record<string, string>>): string {
  const names = prompt.arguments.map((argument) => argument.name);
  assertArguments(prompt, given, names);
  const shownValue = (name: string): string => clean(given[name] ?? '') || '(not given)';
  const all = names.flatMap((name) => clean(given[name] ?? '') || []).join(' ');
  return prompt.text.replace(/\$(ARGUMENTS|[0-9]|[a-z][a-z0-9_-]*)/gu, (whole, key: string) => {
    if (key === 'ARGUMENTS') return all || '(not given)';
    const name = /^[0-9]$/.test(key) ? names[Number(key)] : key;
    return name !== undefined && names.includes(name) ? shownValue(name) : whole;
  });
}

function assertArguments(prompt: PromptDefinition, given: Readonly<Record<string, string>>, names: string[]): void {
  const missing = prompt.arguments.filter((argument) => argument.required && !given[argument.name]);
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  const mistakes = [
    ...missing.map((argument) => `- "${argument.name}" is missing: ${argument.description}`),
    ...unknown.map((name) => {
      const nearest = nearestName(name, names);
      return `- "${name}" is unknown${nearest === null ? '' : `; did you mean "${nearest}"?`}`;
    }),
  ];
  if (mistakes.length === 0) return;
  throw new DeployError('INPUT_INVALID', {
    name: prompt.name,
    list: mistakes.join('\n'),
    remedy: `Arguments: ${names.join(', ') || 'none'}.`,
  });
}

/** One line, so that an argument cannot pose as a paragraph of instructions. */
function clean(value: string): string {
  return printable(value).replace(/\s+/gu, ' ').trim().slice(0, longestArgument);
}
