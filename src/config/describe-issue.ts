import { z } from 'zod';
import { environmentSchema } from '../model/config/environment.ts';
import { keyPlaces } from './key-places.ts';
import { nearestName } from './nearest-name.ts';
import { describeSchema, knownKeysAt, type Path, schemaAt, unwrapSchema, valueAt } from './schema-walk.ts';
import { splitCommandLine } from './split-command-line.ts';
import { visibleText } from './visible-text.ts';

/** One thing wrong with a value, where it is, and what is allowed there. */
export type Mistake = { path: Path; text: string };

type Asked = { root: z.ZodType; value: unknown; path: Path; issue: z.core.$ZodIssue };

/** One complaint of zod as what a person reads: what is wrong there and what is allowed. Pure. */
export function describeIssue(asked: Asked): Mistake[] {
  const { path, issue } = asked;
  const given = valueAt(asked.value, path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknownKey(asked, key));
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined) {
    return [{ path, text: describeKind(given, issue.options.map(String)) }];
  }
  if (given === undefined && path.length > 0 && issue.code !== 'custom')
    return [{ path, text: describeMissing(asked) }];
  return [{ path, text: describeWrong(asked, given) }];
}

const longestShown = 60;

/** A value of the config as it may be shown: short, on one line, without control characters. Pure. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value).slice(0, longestShown);
  return `"${visibleText(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value)}"`;
}

const places = keyPlaces(environmentSchema);

function describeUnknownKey({ root, value, path }: Asked, key: string): Mistake {
  const at = [...path, key];
  const known = knownKeysAt(root, value, path) ?? [];
  const nearest = nearestName(key, known);
  if (nearest !== null) return { path: at, text: `unknown key; did you mean "${nearest}"?` };
  const elsewhere = places.get(key) ?? [];
  const hint = elsewhere.length > 0 && elsewhere.length <= 4 ? `; "${key}" belongs to ${elsewhere.join(', ')}` : '';
  return { path: at, text: `unknown key; allowed here: ${known.join(', ')}${hint}` };
}

function describeKind(given: unknown, kinds: string[]): string {
  if (given === undefined) return `missing; there is: ${kinds.join(', ')}`;
  const nearest = typeof given === 'string' ? nearestName(given, kinds) : null;
  return `${showValue(given)} is not there; ${nearest === null ? '' : `did you mean "${nearest}"? `}there is: ${kinds.join(', ')}`;
}

function describeMissing({ root, value, path, issue }: Asked): string {
  const schema = schemaAt(root, value, path);
  const meaning = schema === null ? '' : describeSchema(schema);
  const wanted = issue.code === 'invalid_type' ? typeName(issue.expected) : allowedValues(issue);
  return `missing; expected ${wanted}${meaning === '' ? '' : ` (${meaning})`}`;
}

function describeWrong({ root, value, path, issue }: Asked, given: unknown): string {
  // A message that the schema itself words is better than a general one.
  if (!/^(Invalid|Unrecognized|Too (big|small))\b/.test(issue.message)) return withGiven(issue.message, given);
  switch (issue.code) {
    case 'invalid_type': {
      if (path.length === 0 && (given === null || given === undefined)) return 'is empty';
      const schema = schemaAt(root, value, path);
      return `expected ${typeName(issue.expected)}${keysHint(schema)}, got ${showValue(given)}${typeHint(issue.expected, given, schema)}`;
    }
    case 'invalid_value':
      return describeEnum(given, issue.values.map(String));
    case 'invalid_format':
      return withGiven(describeFormat(issue), given);
    case 'too_small':
      return `${bound(issue.origin, Number(issue.minimum), 'at least')}${sized(issue.origin, given)}`;
    case 'too_big':
      return `${bound(issue.origin, Number(issue.maximum), 'at most')}${sized(issue.origin, given)}`;
    case 'invalid_key':
      return `the name ${showValue(String(path.at(-1)))} ${describeKeyIssue(issue.issues[0]?.message)}`;
    default:
      return withGiven(issue.message, given);
  }
}

function describeEnum(given: unknown, values: string[]): string {
  const nearest = typeof given === 'string' ? nearestName(given, values) : null;
  const hint = nearest === null ? '' : `did you mean "${nearest}"? `;
  return `${showValue(given)} is not allowed; ${hint}allowed: ${values.join(', ')}`;
}

function describeFormat(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === 'url') return 'must be a URL that begins with http:// or https://';
  if (issue.format === 'date') return 'must be a date, such as "2026-11-20"';
  if ('prefix' in issue) return `must begin with "${String(issue.prefix)}"`;
  if ('includes' in issue) return `must contain "${String(issue.includes)}"`;
  return issue.message;
}

function describeKeyIssue(message: string | undefined): string {
  return message === undefined || message.startsWith('Invalid') ? 'is not allowed here' : message;
}

function withGiven(message: string, given: unknown): string {
  const said = message.includes(', got ') || given === undefined || typeof given === 'object';
  return said ? visibleText(message) : `${message}, got ${showValue(given)}`;
}

function allowedValues(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value'
    ? `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`
    : 'a value';
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
    record: 'a map',
  };
  return names[expected] ?? expected;
}

function typeHint(expected: string, given: unknown, schema: z.core.$ZodType | null): string {
  if (expected === 'array' && typeof given === 'string') {
    const depth = wordDepth(schema);
    const split = splitCommandLine(given);
    if (depth > 0 && split.ok && given.length <= longestShown) {
      return `; write ${'['.repeat(depth - 1)}${JSON.stringify(split.argv).replaceAll('","', '", "')}${']'.repeat(depth - 1)}`;
    }
    return depth > 0 ? '; write it as a list, one word in each element' : '';
  }
  if (expected === 'number' && typeof given === 'string' && /^\d+$/.test(given)) return '; take the quotes off';
  if (expected === 'string' && typeof given === 'number') return '; put it in quotes';
  return '';
}

const mostKeysShown = 6;

function keysHint(schema: z.core.$ZodType | null): string {
  const bare = schema === null ? null : unwrapSchema(schema);
  if (bare instanceof z.ZodDiscriminatedUnion) return ` with the key ${bare.def.discriminator}`;
  const keys = bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
  if (keys.length === 0) return '';
  return ` with ${keys.slice(0, mostKeysShown).join(', ')}${keys.length > mostKeysShown ? ', …' : ''}`;
}

/** 1 for a list of texts (a command), 2 for a list of those, 0 for anything else. */
function wordDepth(schema: z.core.$ZodType | null): number {
  const bare = schema === null ? null : unwrapSchema(schema);
  if (!(bare instanceof z.ZodArray)) return 0;
  const element = unwrapSchema(bare.element);
  if (element instanceof z.ZodString) return 1;
  const inner = wordDepth(element);
  return inner === 0 ? 0 : inner + 1;
}

function bound(origin: string, limit: number, how: string): string {
  if (origin === 'string') return limit === 1 ? 'must not be empty' : `must have ${how} ${limit} characters`;
  if (origin === 'array') return `needs ${how} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `must be ${how} ${limit}`;
}

function sized(origin: string, given: unknown): string {
  return origin === 'string' || origin === 'array' ? '' : `, got ${showValue(given)}`;
}
