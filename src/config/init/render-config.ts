import { renderScalar } from '../render-yaml.ts';
import { visibleText } from '../visible-text.ts';

/** One value of the written config, with the reason for it. `key` is its place below the environment, or `service`. */
export type Guess = { key: string; value: unknown; because: string; sure: boolean };

/** The text of a first config: each guess under a comment that gives its reason. Pure. */
export function renderConfig(guesses: readonly Guess[]): string {
  const lines = [
    '# Written by `seatrial init` from what lies in this project. Each value has its reason above it; correct what is wrong.',
    '# `seatrial explain` prints every setting with its default and what will happen.',
    '',
    'version: 1',
    '',
    ...entry(guesses, { key: 'service', name: 'service', indent: 0 }),
    '',
    'environments:',
    '  production:',
    ...entry(guesses, { key: 'url', name: 'url', indent: 4 }),
    '    target:',
    '      kind: process',
    ...entry(guesses, { key: 'target.command', name: 'command', indent: 6 }),
    ...entry(guesses, { key: 'target.instances', name: 'instances', indent: 6 }),
    ...section(guesses, { path: ['target', 'health'], keys: ['path'], indent: 6 }),
    ...section(guesses, { path: ['revision'], keys: ['ref', 'prepare'], indent: 4 }),
    ...section(guesses, { path: ['gates', 'evidence', 'tests'], keys: ['command'], indent: 4 }),
  ];
  return `${lines.join('\n')}\n`;
}

type Place = { key: string; name: string; indent: number };

function entry(guesses: readonly Guess[], { key, name, indent }: Place): string[] {
  const guess = guesses.find((other) => other.key === key);
  if (guess === undefined) return [];
  const space = ' '.repeat(indent);
  const reason = visibleText(guess.because).slice(0, longestReason);
  return [`${space}# ${guess.sure ? '' : 'Check: '}${reason}`, `${space}${name}: ${renderScalar(guess.value)}`];
}

const longestReason = 200;

type Section = { path: readonly string[]; keys: readonly string[]; indent: number };

/** The entries of a nested map, under its keys; nothing when it has no entries. */
function section(guesses: readonly Guess[], { path, keys, indent }: Section): string[] {
  const depth = path[0] === 'target' ? 1 : 0;
  const opened = path.slice(depth);
  const inner = keys.flatMap((name) =>
    entry(guesses, { key: [...path, name].join('.'), name, indent: indent + 2 * opened.length }),
  );
  if (inner.length === 0) return [];
  return [...opened.map((key, index) => `${' '.repeat(indent + 2 * index)}${key}:`), ...inner];
}
