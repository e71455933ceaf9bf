import { z } from 'zod';
import { describeIssue, type Mistake, showValue } from './describe-issue.ts';
import { nearestName } from './nearest-name.ts';
import {
  chooseBranch,
  describeSchema,
  isMap,
  knownKeys,
  knownKeysAt,
  type Path,
  type Schema,
  schemaAt,
  unwrapSchema,
  valueAt,
} from './schema-walk.ts';

/** Everything that `schema` has against `value`, in words for the person who wrote it; empty when it is valid. Pure. */
export function findMistakes(root: z.ZodType, value: unknown): Mistake[] {
  const issues = issuesOf({ schema: root, value, prefix: [] });
  const mistakes = issues.flatMap(({ path, issue, choice }) => {
    if (choice !== undefined) return [{ path, text: describeChoice(choice, valueAt(value, path)) }];
    return issue === undefined ? [] : describeIssue({ root, value, path, issue });
  });
  return withoutEchoes(mistakes, root, value);
}

type Found = { path: Path; issue?: z.core.$ZodIssue; choice?: OpenChoice };
type OpenChoice = { choices: string[]; present: string[]; options: readonly Schema[] };
type Asked = { schema: Schema; value: unknown; prefix: Path };

/**
 * zod reports a failed union as "every branch failed", or by the rules of a branch that was never meant. Here the branch
 * is chosen by the keys that are there, and only its complaints are kept.
 */
function issuesOf({ schema, value, prefix }: Asked): Found[] {
  const result = z.safeParse(schema, value);
  if (result.success) return [];
  const unionsDone = new Set<string>();
  return result.error.issues.flatMap((issue): Found[] => {
    const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment));
    const union = firstUnion(schema, value, path);
    if (union === null) return [{ path: [...prefix, ...path], issue }];
    const key = JSON.stringify(union.path);
    if (unionsDone.has(key)) return [];
    unionsDone.add(key);
    const inner = valueAt(value, union.path);
    const choice = chooseBranch(union.options, inner);
    const at = [...prefix, ...union.path];
    if (choice.branch === null) return [{ path: at, choice: { ...choice, options: union.options } }];
    return issuesOf({ schema: choice.branch, value: inner, prefix: at });
  });
}

/** The outermost union without a discriminator that a path passes through. */
function firstUnion(root: Schema, value: unknown, path: Path): { path: Path; options: readonly Schema[] } | null {
  for (let length = 0; length <= path.length; length++) {
    const here = path.slice(0, length);
    const schema = schemaAt(root, value, here);
    if (schema === null) return null;
    const bare = unwrapSchema(schema);
    if (bare instanceof z.ZodUnion && !(bare instanceof z.ZodDiscriminatedUnion))
      return { path: here, options: bare.options };
  }
  return null;
}

function describeChoice({ choices, present, options }: OpenChoice, value: unknown): string {
  if (present.length > 1) return `has ${present.join(' and ')}; only one of them is allowed`;
  if (isMap(value) && choices.length > 0) return `needs one of the keys ${choices.join(', ')}`;
  if (choices.length > 0) return `expected a map with one of the keys ${choices.join(', ')}, got ${showValue(value)}`;
  return `expected ${options.map(kindOf).join(' or ')}, got ${showValue(value)}`;
}

function kindOf(schema: Schema): string {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodLiteral) return [...bare.values].join(' or ');
  if (bare instanceof z.ZodEnum) return bare.options.join(' or ');
  // A quantity says by itself what it is.
  const own = describeSchema(schema);
  if (bare instanceof z.ZodString) return /^an? .*, such as /.test(own) ? own : 'text';
  if (bare instanceof z.ZodArray) return 'a list';
  if (bare instanceof z.ZodNumber) return 'a number';
  if (bare instanceof z.ZodBoolean) return 'true or false';
  if (bare instanceof z.ZodNull) return 'null';
  const keys = knownKeys(bare);
  return keys === null ? 'another value' : `a map with ${keys.join(', ')}`;
}

/** A misspelt key is one mistake, not two: what it was meant to be is then not also reported as missing. */
function withoutEchoes(mistakes: Mistake[], root: z.ZodType, value: unknown): Mistake[] {
  const paths = new Set(mistakes.map(({ path }) => JSON.stringify(path)));
  return mistakes.filter(({ path }) => {
    const missing = path.at(-1);
    const parent = path.slice(0, -1);
    if (missing === undefined || valueAt(value, path) !== undefined) return true;
    const around = valueAt(value, parent);
    if (!isMap(around)) return true;
    const known = knownKeysAt(root, value, parent) ?? [];
    return !Object.keys(around).some(
      (key) =>
        !known.includes(key) && paths.has(JSON.stringify([...parent, key])) && nearestName(key, known) === missing,
    );
  });
}
