import { parseArgs } from 'node:util';
import { nearestName } from '../../model/operation-input.ts';
import { strategies } from '../../strategies/list.ts';
import { quoteWord, type Word } from './split-words.ts';

/** What a line such as `canary 1.4.0 ./shop --guidance "watch the orders" --interactive` asks for. */
export type RequestLine = {
  strategy?: string;
  version?: string;
  environment?: string;
  /** A folder, as it was typed. */
  project?: string;
  guidance?: string;
  interactive: boolean;
};

export type ParsedLine = { ok: true; value: RequestLine } | { ok: false; mistakes: string[] };

type Key = Exclude<keyof RequestLine, 'interactive'>;
/** Every value that was given, so that two of a kind are a mistake and none is dropped. */
type Found = { values: Array<{ key: Key; value: string }>; interactive: boolean; mistakes: string[] };

const optionKeys: ReadonlyMap<string, Key> = new Map([
  ['guidance', 'guidance'],
  ['strategy', 'strategy'],
  ['environment', 'environment'],
  ['env', 'environment'],
  ['version', 'version'],
  ['project', 'project'],
]);
const optionNames =
  '--guidance "text"; --interactive; and, for what words say too, --strategy, --version, --environment, --project';

/**
 * Words in any order → what each of them is: a strategy, an environment of the project, a folder (it has a slash, or is `.`
 * or `..`), and what is left is the version. What is unknown, doubled or contradictory is a mistake that says what is
 * right. Pure.
 */
export function parseRequestLine(words: readonly Word[], environments: readonly string[]): ParsedLine {
  const found = sortWords(words, environments);
  const value: RequestLine = { interactive: found.interactive };
  const mistakes = [...found.mistakes];
  for (const key of ['strategy', 'version', 'environment', 'project', 'guidance'] as const) {
    const given = found.values.filter((one) => one.key === key).map((one) => one.value);
    const [first, ...others] = [...new Set(given)];
    if (first !== undefined && others.length === 0 && (key !== 'guidance' || given.length === 1)) value[key] = first;
    else if (first !== undefined) mistakes.push(doubled(key, given, environments));
  }
  return mistakes.length === 0 ? { ok: true, value } : { ok: false, mistakes };
}

/** Whether a word is the folder of a project. Pure. */
export function isFolder(word: string): boolean {
  return word.includes('/') || word === '.' || word === '..';
}

function sortWords(words: readonly Word[], environments: readonly string[]): Found {
  const found: Found = { values: [], interactive: false, mistakes: [] };
  const { tokens } = parseArgs({
    args: words.map(({ text }) => text),
    options: {
      ...Object.fromEntries([...optionKeys.keys()].map((name) => [name, { type: 'string' as const }])),
      interactive: { type: 'boolean' as const },
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') takeWord(token.value, environments, found);
    if (token.kind === 'option') takeOption(token, words, found);
  }
  return found;
}

function takeWord(word: string, environments: readonly string[], found: Found): void {
  const kinds = strategies.map(({ kind }) => kind);
  const kind = kinds.find((known) => known === word.toLowerCase());
  const has = (key: Key): boolean => found.values.some((one) => one.key === key);
  if (word === '') found.mistakes.push('a word is empty: "" stands for nothing');
  else if (isFolder(word)) found.values.push({ key: 'project', value: word });
  // An environment may be called like a strategy; then the first of two such words is the strategy.
  else if (kind !== undefined && !(has('strategy') && environments.includes(word)))
    found.values.push({ key: 'strategy', value: kind });
  else if (environments.includes(word)) found.values.push({ key: 'environment', value: word });
  else takeVersion(word, [...kinds, ...environments], found);
}

function takeVersion(word: string, known: readonly string[], found: Found): void {
  const near = /\d/.test(word) ? null : nearestName(word, known);
  if (near === null) found.values.push({ key: 'version', value: word });
  else
    found.mistakes.push(
      `${quoteWord(word)} is no strategy and no environment; did you mean ${near}? (A version that is called so: --version ${word}.)`,
    );
}

type OptionToken = {
  name: string;
  rawName: string;
  index: number;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
};

function takeOption(token: OptionToken, words: readonly Word[], found: Found): void {
  const { name, rawName, value } = token;
  if (name === 'interactive') {
    found.interactive = true;
    if (value !== undefined) found.mistakes.push(`--interactive takes no value; it was given ${quoteWord(value)}`);
    return;
  }
  const key = optionKeys.get(name);
  if (key === undefined) {
    const near = nearestName(name, [...optionKeys.keys(), 'interactive']);
    found.mistakes.push(
      `the option ${quoteWord(rawName)} is unknown${near === null ? '' : `; did you mean --${near}?`} There are: ${optionNames}`,
    );
    return;
  }
  const next = words[token.index + 1];
  const swallowed = token.inlineValue !== true && next?.quoted === false && next.text.startsWith('-');
  if (value === undefined || value.trim() === '' || swallowed)
    found.mistakes.push(
      `--${name} has no value; write --${name} ${key === 'guidance' ? '"what to watch for"' : '<value>'}`,
    );
  else if (key === 'strategy' && !strategies.some(({ kind }) => kind === value.toLowerCase()))
    found.mistakes.push(
      `${quoteWord(value)} is no strategy; there are: ${strategies.map(({ kind }) => kind).join(', ')}`,
    );
  else found.values.push({ key, value: key === 'strategy' ? value.toLowerCase() : value });
}

function doubled(key: Key, given: readonly string[], environments: readonly string[]): string {
  const values = [...new Set(given)].map(quoteWord).join(' and ');
  switch (key) {
    case 'version':
      return `${values}: only one of them can be the version. Strategies: ${strategies.map(({ kind }) => kind).join(', ')}; environments: ${environments.join(', ') || 'none'}; a guidance of several words needs quotes`;
    case 'guidance':
      return 'guidance was given twice; put all of it into one --guidance "…"';
    case 'project':
      return `two folders: ${values}; only one can be the project`;
    default:
      return `two ${key === 'strategy' ? 'strategies' : 'environments'}: ${values}; say which one`;
  }
}
