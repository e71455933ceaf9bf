import { forEachChild, type ParsedScript, parse, type SyntaxNode } from 'unbash';
import { type Code, codeOfShell, innerCalls } from './inner-calls.ts';
import { type Call, type Fields, fieldsOf, textOf } from './shell-words.ts';

export type ShellReading = {
  calls: Call[];
  /** Texts that may run something and cannot be read for certain. */
  unread: string[];
};

type Reader = ShellReading & {
  variables: Map<string, string | null>;
  aliases: Map<string, string>;
  /** What commands get on standard input, where it is known. */
  piped: Map<SyntaxNode, string | null>;
  depth: number;
};

type CommandNode = Extract<SyntaxNode, { type: 'Command' }>;

const longestSource = 65_536;
const deepest = 8;
const mostCalls = 2_000;
/** What nests costs the parser the square of it. */
const mostOpened = 200;
const setters: ReadonlySet<string> = new Set(['export', 'declare', 'local', 'readonly', 'typeset']);

/**
 * Every call in a text for the shell: behind `&&`, `;` and pipes, in subshells, substitutions, loops, functions, in code that is handed
 * to a shell (`bash -c`, a here document, a pipe, `ssh`), and behind programs that start others (`sudo`, `timeout`, `xargs`, `npx`). Never
 * throws. Pure.
 */
export function readShellCalls(source: string): ShellReading {
  const reader: Reader = {
    calls: [],
    unread: [],
    variables: new Map(),
    aliases: new Map(),
    piped: new Map(),
    depth: 0,
  };
  readSource(source, reader);
  return { calls: reader.calls, unread: reader.unread };
}

function readSource(source: string, reader: Reader): void {
  if (isTooMuch(source) || reader.depth >= deepest || reader.calls.length >= mostCalls) {
    reader.unread.push(source);
    return;
  }
  reader.depth += 1;
  try {
    visit(parse(source), reader);
    if (reader.calls.length >= mostCalls) reader.unread.push(source);
  } catch {
    reader.unread.push(source);
  } finally {
    reader.depth -= 1;
  }
}

function isTooMuch(source: string): boolean {
  return source.length > longestSource || (source.match(/[$<>]\(|`/g)?.length ?? 0) > mostOpened;
}

function visit(node: SyntaxNode, reader: Reader): void {
  if (reader.calls.length >= mostCalls) return;
  if (node.type === 'Script') noteErrors(node, reader);
  if (node.type === 'CommandExpansion' && node.script === undefined) reader.unread.push(node.text);
  if (node.type === 'Pipeline') notePipes(node, reader);
  if (node.type === 'Command') takeCommand(node, reader);
  forEachChild(node, (child) => visit(child, reader));
}

/** Of what has mistakes a part is read; all of it counts as unread. */
function noteErrors(script: ParsedScript, reader: Reader): void {
  if ((script.errors?.length ?? 0) === 0) return;
  reader.unread.push(script.commands.map((statement) => wordsIn(statement)).join('\n'));
}

function wordsIn(node: SyntaxNode): string {
  if (node.type === 'Word') return node.text;
  const texts: string[] = [];
  forEachChild(node, (child) => texts.push(wordsIn(child)));
  return texts.filter((text) => text !== '').join(' ');
}

/** What `echo`, `printf` and `cat <<` hand on is known; of everything else only that it is something. */
function notePipes({ commands }: Extract<SyntaxNode, { type: 'Pipeline' }>, reader: Reader): void {
  for (const [index, command] of commands.entries()) {
    const before = commands[index - 1];
    if (before !== undefined) reader.piped.set(command, before.type === 'Command' ? outputOf(before, reader) : null);
  }
}

function outputOf(command: CommandNode, reader: Reader): string | null {
  const [name, ...rest] = fieldsOfCommand(command, reader);
  if (name === 'cat' && rest.length === 0) return inputOf(command, reader);
  if (name !== 'echo' && name !== 'printf') return null;
  const known = rest.filter((field) => field !== null);
  return known.length === rest.length ? known.join(' ').replaceAll('\\n', '\n') : null;
}

/** Text of a here document or here string; undefined when there is none, null when it is not known. */
function inputOf(command: CommandNode, reader: Reader): string | null {
  for (const redirect of command.redirects) {
    if (redirect.type === 'HereDoc') return redirect.body.text;
    if (redirect.type === 'HereString')
      return redirect.target === undefined ? null : (fieldsOf(redirect.target, reader.variables, true)[0] ?? null);
  }
  return reader.piped.get(command) ?? null;
}

function fieldsOfCommand(command: CommandNode, reader: Reader): Fields {
  const words = [command.name, ...command.args];
  return words.flatMap((word) => {
    if (word === undefined) return [];
    if (word.type === 'Word') return fieldsOf(word, reader.variables);
    const value = word.value.type === 'Word' ? textOf(fieldsOf(word.value, reader.variables, true)) : null;
    return [value === null ? word.text : `${word.name}=${value}`];
  });
}

function takeCommand(command: CommandNode, reader: Reader): void {
  const argv = fieldsOfCommand(command, reader);
  const [name] = argv;
  if (command.name === undefined || (typeof name === 'string' && setters.has(name))) {
    noteAssignments([...command.prefix, ...command.args], reader.variables, reader.variables);
    return;
  }
  if (name === 'alias') noteAliases(argv, reader);
  const alias = typeof name === 'string' ? reader.aliases.get(name) : undefined;
  const variables = new Map(reader.variables);
  noteAssignments(command.prefix, reader.variables, variables);
  const called = alias === undefined ? argv : [...alias.trim().split(/\s+/), ...argv.slice(1)];
  const text = [command.name, ...command.args].map((word) => word.text).join(' ');
  takeCall({ argv: called, variables }, { reader, text, input: inputOf(command, reader) });
}

type Taking = { reader: Reader; text: string; input: string | null; inside?: number };

function takeCall(call: Call, taking: Taking): void {
  const { reader, text, input, inside = 0 } = taking;
  if (call.argv[0] === null || inside > deepest) {
    reader.unread.push(text);
    return;
  }
  reader.calls.push(call);
  const code = codeOfShell(call.argv, input);
  if (code !== null) readCode(code, taking);
  for (const inner of innerCalls(call)) {
    if ('source' in inner) readCode(inner, taking);
    else if (reader.calls.length < mostCalls) takeCall(inner, { ...taking, inside: inside + 1 });
  }
}

function readCode({ source, isRemote = false }: Code, { reader, text }: Taking): void {
  if (source === null) {
    reader.unread.push(text);
    return;
  }
  const before = reader.variables.get('DOCKER_HOST');
  if (isRemote) reader.variables.set('DOCKER_HOST', 'another machine');
  readSource(source, reader);
  if (isRemote && before === undefined) reader.variables.delete('DOCKER_HOST');
}

function noteAssignments(
  nodes: readonly SyntaxNode[],
  known: ReadonlyMap<string, string | null>,
  into: Map<string, string | null>,
): void {
  for (const node of nodes) {
    if (node.type !== 'Assignment') continue;
    const fields = node.value.type === 'Word' ? fieldsOf(node.value, known, true) : [null];
    into.set(node.name, node.append === true ? null : textOf(fields));
  }
}

function noteAliases(argv: Fields, { aliases }: Reader): void {
  for (const field of argv.slice(1)) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(field ?? '') ?? [];
    if (name !== undefined && value !== undefined) aliases.set(name, value);
  }
}
