import { beginsWith, type DeployRule, deployRules, isHarmless, operandReadings } from './deploy-rules.ts';
import { findPush, type PushRules } from './git-push.ts';
import { nameOf } from './inner-calls.ts';
import { readShellCalls } from './shell-calls.ts';
import type { Call, Fields } from './shell-words.ts';

/** A call that changes what users get, around seatrial. */
export type RawDeploy = {
  /** Id of the rule: an enum, fit for a record. */
  rule: string;
  kind: 'deploy' | 'release-tag';
  /** A few words of the call, for people; never more than the program and its sub-command. */
  shown: string;
  /** False when it could not be read for certain and is treated as one. */
  certain: boolean;
  argv: Fields;
};

export type DeployRules = PushRules & {
  /** Beginnings of further commands that deploy in this project. */
  deployCommands: ReadonlyArray<readonly string[]>;
};

/**
 * The raw deploys in a text for the shell. What cannot be read for certain counts as one when it names a program of the rules together
 * with one of its sub-commands that change something, and a program of the rules with a sub-command that is only known when it runs does
 * too. Pure.
 */
export function findRawDeploys(source: string, rules: DeployRules): RawDeploy[] {
  const { calls, unread } = readShellCalls(source);
  const chosenAt = calls.findIndex(choosesOtherMachine);
  const found = calls.flatMap(
    (call, index) => findInCall(call, { rules, isElsewhere: chosenAt !== -1 && chosenAt < index }) ?? [],
  );
  const guessed = unread.flatMap((text) => findInText(text, rules) ?? []);
  return distinct([...found, ...guessed]);
}

/** `isElsewhere`: docker was told before to work on another machine. */
type Around = { rules: DeployRules; isElsewhere: boolean };

function findInCall({ argv, variables }: Call, { rules, isElsewhere }: Around): RawDeploy | null {
  const [program, ...args] = argv;
  const name = nameOf(program);
  if (name === 'git') {
    const push = findPush(args, rules);
    const kind = push?.id === 'git-push-tag' ? 'release-tag' : 'deploy';
    return push === null ? null : { rule: push.id, kind, shown: push.shown, certain: !args.includes(null), argv };
  }
  const own = rules.deployCommands.find((words) => words.every((word, index) => isWord(argv[index], word, index)));
  if (own !== undefined) return { rule: 'own-command', kind: 'deploy', shown: own.join(' '), certain: true, argv };
  if (isHarmless(args)) return null;
  const isRemote = (): boolean => isElsewhere || isRemoteDocker(argv, variables);
  for (const rule of deployRules) {
    if (!rule.programs.includes(name) || (rule.onlyRemote === true && !isRemote())) continue;
    const operands = fittingOperands(rule, args);
    if (operands === null) continue;
    const [verb] = operands;
    const shown = verb === undefined || verb === null ? name : `${name} ${verb}`;
    return { rule: rule.id, kind: rule.kind ?? 'deploy', shown, certain: verb !== null, argv };
  }
  return null;
}

function isWord(field: string | null | undefined, word: string, index: number): boolean {
  return index === 0 ? field === word || nameOf(field) === word : field === word;
}

/** The operands in the reading in which the rule fits; null when it does in none. */
function fittingOperands({ verbs, needs, butNot }: DeployRule, args: Fields): Fields | null {
  if (needs !== undefined && !needs.some((flag) => hasFlag(args, flag))) return null;
  const readings = operandReadings(args);
  if (readings.some(([first]) => butNot?.includes(first ?? '') === true)) return null;
  return readings.find((operands) => verbs.some((verb) => beginsWith(operands, verb))) ?? null;
}

function hasFlag(args: Fields, flag: string): boolean {
  const [name, value] = flag.split(' ');
  if (value !== undefined) return args.some((field, index) => field === name && args[index + 1] === value);
  return args.some((field) => field === flag || (field?.startsWith(`${flag}=`) === true && !field.endsWith('=false')));
}

/** Docker works on another machine by an option or a variable. */
function isRemoteDocker(argv: Fields, variables: Call['variables']): boolean {
  const host = variables.get('DOCKER_HOST');
  if (host !== undefined && !isLocalHost(host)) return true;
  const context = variables.get('DOCKER_CONTEXT');
  if (context !== undefined && !isLocalContext(context)) return true;
  for (const [index, field] of argv.entries()) {
    const [name = '', inline] = (field ?? '').split(/=(.*)/s);
    const value = inline ?? argv[index + 1] ?? null;
    if ((name === '-H' || name === '--host') && !isLocalHost(value)) return true;
    if ((name === '-c' || name === '--context') && !isLocalContext(value)) return true;
    if (field !== null && index > 0 && !field.startsWith('-') && isVerbOfDocker(field)) break;
  }
  return false;
}

function choosesOtherMachine({ argv: [program, noun, verb, chosen] }: Call): boolean {
  return nameOf(program) === 'docker' && noun === 'context' && verb === 'use' && !isLocalContext(chosen ?? null);
}

/** Behind it options mean something else: `docker run -c` are shares of the processor. */
function isVerbOfDocker(field: string): boolean {
  return /^(?:compose|run|create|start|stop|restart|rm|kill|update|up|down|stack|service|container)$/.test(field);
}

function isLocalHost(host: string | null): boolean {
  return (
    host !== null && (host === '' || /^(?:unix|npipe|fd):/.test(host) || /^tcp:\/\/(?:localhost|127\.)/.test(host))
  );
}

function isLocalContext(name: string | null): boolean {
  return (
    name !== null && (name === '' || /^(?:default|desktop-linux|colima|orbstack|rancher-desktop|rootless)$/.test(name))
  );
}

/** By words alone: a program of the rules and, somewhere, one of its sub-commands. */
function findInText(text: string, { deployCommands }: DeployRules): RawDeploy | null {
  const words = new Set(text.replace(/["'\\]/g, '').split(/[^\w.:-]+/));
  const unsure = { kind: 'deploy' as const, certain: false, argv: [] };
  for (const rule of deployRules) {
    const program = rule.programs.find((name) => words.has(name));
    const verb = rule.verbs.some((one) => isNamed(one, words));
    const needed = rule.needs?.some((flag) => flag.split(/[ =]/).every((word) => words.has(word))) ?? true;
    if (program !== undefined && verb && needed && rule.onlyRemote !== true)
      return { rule: rule.id, shown: `something with ${program}`, ...unsure };
  }
  if (words.has('git') && words.has('push'))
    return { rule: 'git-push-tag', shown: 'something with git push', ...unsure };
  const own = deployCommands.find((command) => command.every((word) => words.has(nameOf(word))));
  return own === undefined ? null : { rule: 'own-command', shown: own.join(' '), ...unsure };
}

function isNamed(verb: string, words: ReadonlySet<string>): boolean {
  return verb.split(' ').every((word) => word.includes('*') || word.split('|').some((one) => words.has(one)));
}

function distinct(deploys: readonly RawDeploy[]): RawDeploy[] {
  return [...new Map(deploys.map((deploy) => [`${deploy.rule} ${deploy.shown}`, deploy])).values()];
}
