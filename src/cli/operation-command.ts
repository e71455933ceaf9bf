import { Argument, type Command, Option } from 'commander';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation } from '../model/operation.ts';
import { describeInput, type InputField, parseInput } from '../model/operation-input.ts';
import { flagName } from './command-line.ts';

/** Flags that every command has beside those of its operation. */
export type DoorFlags = {
  json: boolean;
  project: string | undefined;
  follow: boolean;
  ci: boolean;
  base: string | undefined;
};
export type Act = (given: Record<string, unknown>, flags: DoorFlags) => Promise<void>;

/** Operations whose answer names a run that can be watched. */
const followable: ReadonlySet<string> = new Set(['rollout_status', 'rollout_start', 'rollback']);

/** Adds the command that the operation asks for: positionals and flags from its input, examples, `--json`, `--project`. */
export function addOperationCommand(program: Command, operation: Operation, act: Act): void {
  if (operation.cli === null) return;
  const { command: path, positional, examples } = operation.cli;
  const fields = describeInput(operation.input);
  const command = createAt(program, path.split(' '))
    .description(`${operation.title}. ${operation.description}`)
    .summary(operation.title);
  const inPlace = positional.flatMap((name) => fields.filter((field) => field.name === name));
  for (const field of inPlace) command.addArgument(argumentOf(field));
  const flagged = fields
    .filter((field) => !positional.includes(field.name))
    .map((field) => ({ field, option: optionOf(field) }));
  for (const { field, option } of flagged) {
    command.addOption(option);
    if (field.asked)
      command.addOption(new Option(flagName(field.name).replace('--', '--no-'), 'Do without, and do not ask'));
  }
  if (followable.has(operation.name))
    command.option('-f, --follow', 'show the run until it has ended; Ctrl-C detaches');
  addDoorFlags(command);
  if (examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
  command.action(async () => {
    const options: Record<string, unknown> = command.optsWithGlobals();
    const placed = inPlace.map((field, index) => [field, command.processedArgs[index]] as const);
    const flags = flagged.map(({ field, option }) => [field, options[option.attributeName()]] as const);
    const given = [...placed, ...flags].flatMap(([field, value]) =>
      value === undefined ? [] : [[field.name, coerce(field, value)] as const],
    );
    await act(Object.fromEntries(given), readDoorFlags(options));
  });
}

export function addDoorFlags(command: Command): void {
  command.option('--json', 'print one JSON object: {"ok":true,"data":…} or {"ok":false,"error":{code,message,remedy}}');
  command.option('--project <dir>', 'folder with seatrial.yaml (default: here)');
  command.option(
    '--ci',
    'read the configuration from the protected branch, never from the working tree (or SEATRIAL_MODE=ci)',
  );
  command.option('--base <branch>', 'that branch, such as origin/main (or SEATRIAL_BASE)');
}

export function readDoorFlags(options: Record<string, unknown>): DoorFlags {
  const { json, project, follow, ci, base } = options;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  if (ci !== true && base !== undefined)
    throw new DeployError('USAGE', { reason: '--base goes with --ci: it names the branch that is trusted there.' });
  return { json: json === true, project: text(project), follow: follow === true, ci: ci === true, base: text(base) };
}

/** Input as the operation wants it. Throws INPUT_INVALID with every mistake, named as it was typed. */
export function parseTyped(operation: Operation, given: Record<string, unknown>): Record<string, unknown> {
  const positional = new Set(operation.cli?.positional ?? []);
  const parsed = parseInput(operation.input, given, (field) =>
    positional.has(field) ? `<${shownName(field)}>` : flagName(field),
  );
  if (parsed.ok) return parsed.value;
  const command = `seatrial ${operation.cli?.command ?? ''}`.trim();
  const example = operation.cli?.examples[0];
  throw new DeployError('INPUT_INVALID', {
    name: `\`${command}\``,
    list: parsed.mistakes.map((mistake) => `- ${mistake}`).join('\n'),
    remedy: example === undefined ? `See \`${command} --help\`.` : `Such as \`${example}\`; see \`${command} --help\`.`,
  });
}

/** A command of several words is a command within a command. */
function createAt(parent: Command, path: readonly string[]): Command {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    const existing = parent.commands.find((command) => command.name() === name);
    return existing ?? parent.command(name);
  }
  return createAt(parent.commands.find((command) => command.name() === name) ?? parent.command(name), rest);
}

function argumentOf(field: InputField): Argument {
  const name = `${shownName(field.name)}${field.type === 'array' ? '...' : ''}`;
  return new Argument(field.required ? `<${name}>` : `[${name}]`, helpOf(field));
}

function optionOf(field: InputField): Option {
  const flag = flagName(field.name);
  if (field.type === 'boolean')
    return new Option(field.defaultValue === true ? flag.replace('--', '--no-') : flag, helpOf(field));
  const value =
    field.type === 'array'
      ? '<values...>'
      : field.type === 'number'
        ? '<number>'
        : field.type === 'object'
          ? '<json>'
          : '<text>';
  // `--env` is what everybody types.
  return new Option(field.name === 'environment' ? `--env, ${flag} <name>` : `${flag} ${value}`, helpOf(field));
}

function helpOf(field: InputField): string {
  const choices = field.choices === null ? '' : ` (${field.choices.join(' | ')})`;
  const fallback =
    field.defaultValue === undefined || field.type === 'boolean'
      ? ''
      : ` (default: ${JSON.stringify(field.defaultValue)})`;
  return `${field.description}${choices}${fallback}`.trim();
}

/** What cannot be converted stays text, so that the schema's own message names it. */
function coerce(field: InputField, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (field.type === 'number' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  if (field.type !== 'object') return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}

function shownName(field: string): string {
  return flagName(field).slice(2);
}
