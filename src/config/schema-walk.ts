import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

/** Any schema, as zod hands out its parts. */
export type Schema = z.core.$ZodType;
export type Path = ReadonlyArray<string | number>;

/** The schema without what only says how a missing value is treated, and without what comes after parsing. Pure. */
export function unwrapSchema(schema: Schema): Schema {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    return unwrapSchema(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return unwrapSchema(schema.in);
  return schema;
}

/** The value (in the form a person writes) that stands for a missing one; undefined when there is none. Pure. */
export function defaultOf(schema: Schema): unknown {
  if (schema instanceof z.ZodOptional) return defaultOf(schema.unwrap());
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

/** What the schema says about itself, or the one inside it; empty when nothing. Pure. */
export function describeSchema(schema: Schema): string {
  const own = schema instanceof z.ZodType ? schema.description : undefined;
  if (own !== undefined) return own;
  const inner = schema instanceof z.ZodPipe ? schema.in : schema;
  if (inner instanceof z.ZodOptional || inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) {
    return describeSchema(inner.unwrap());
  }
  return '';
}

/** Keys that an object of this schema may have; null when any, or when it is no object. Pure. */
export function knownKeys(schema: Schema): string[] | null {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodObject) return Object.keys(bare.shape);
  if (bare instanceof z.ZodRecord) {
    const key = unwrapSchema(bare.keyType);
    return key instanceof z.ZodEnum ? key.options.map(String) : null;
  }
  return null;
}

/** The branch of a union that a value was meant for, or why none can be told. Pure. */
export type BranchChoice = { branch: Schema } | { branch: null; choices: string[]; present: string[] };

/**
 * Chooses by the keys that only one branch demands (`request` or `command`), forgiving a slip of the pen in them; so
 * a wrong value is judged by the rules that its writer had in mind. Pure.
 */
export function chooseBranch(options: readonly Schema[], value: unknown): BranchChoice {
  const objects = options.filter((option) => knownKeys(option) !== null);
  const [only] = objects;
  if (objects.length < 2) return isMap(value) && only !== undefined ? { branch: only } : chooseByType(options, value);
  const telling = objects.map((branch) => ({ branch, keys: tellingKeys(branch, objects) }));
  const given = isMap(value) ? Object.keys(value) : [];
  const named = telling.filter(({ keys }) => keys.some((key) => given.includes(key)));
  const meant =
    named.length > 0 ? named : telling.filter(({ keys }) => given.some((key) => nearestName(key, keys) !== null));
  const silent = telling.filter(({ keys }) => isMap(value) && keys.length === 0);
  const chosen = meant.length > 0 ? meant : silent;
  const [first] = chosen;
  if (chosen.length === 1 && first !== undefined) return { branch: first.branch };
  const choices = telling.flatMap(({ keys }) => keys);
  return { branch: null, choices, present: choices.filter((key) => given.includes(key)) };
}

function chooseByType(options: readonly Schema[], value: unknown): BranchChoice {
  const fitting = options.find((option) => {
    const bare = unwrapSchema(option);
    return Array.isArray(value)
      ? bare instanceof z.ZodArray
      : typeof value === 'string' && (bare instanceof z.ZodString || bare instanceof z.ZodEnum);
  });
  return fitting === undefined ? { branch: null, choices: [], present: [] } : { branch: fitting };
}

function tellingKeys(branch: Schema, all: readonly Schema[]): string[] {
  const demanded = demandedKeys(branch);
  return demanded.filter((key) => all.some((other) => !demandedKeys(other).includes(key)));
}

function demandedKeys(schema: Schema): string[] {
  const bare = unwrapSchema(schema);
  if (!(bare instanceof z.ZodObject)) return [];
  return Object.entries(bare.shape)
    .filter(([, inner]) => !(inner instanceof z.ZodOptional) && defaultOf(inner) === undefined)
    .map(([key]) => key);
}

/** The branch of a discriminated union that a value names by its `kind` or `source`; null when it names none. Pure. */
export function discriminatedBranch(union: z.ZodDiscriminatedUnion, value: unknown): Schema | null {
  const key = union.def.discriminator;
  const named = isMap(value) ? value[key] : undefined;
  for (const option of union.options) {
    const bare = unwrapSchema(option);
    const literal = bare instanceof z.ZodObject ? bare.shape[key] : undefined;
    if (literal instanceof z.ZodLiteral && named !== undefined && [...literal.values].some((known) => known === named))
      return option;
  }
  return null;
}

/** The schema one step further down a path, the way `value` chooses where there is a choice; null when it ends. Pure. */
export function stepInto(schema: Schema, value: unknown, segment: string | number): Schema | null {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodDiscriminatedUnion) {
    const branch = discriminatedBranch(bare, value);
    return branch === null ? null : stepInto(branch, value, segment);
  }
  if (bare instanceof z.ZodUnion) {
    const { branch } = chooseBranch(bare.options, value);
    return branch === null ? null : stepInto(branch, value, segment);
  }
  if (bare instanceof z.ZodObject) return Object.hasOwn(bare.shape, segment) ? (bare.shape[segment] ?? null) : null;
  if (bare instanceof z.ZodArray) return bare.element;
  if (bare instanceof z.ZodRecord) return bare.valueType;
  return null;
}

/** The schema at a path, or null where the path leaves it. Pure. */
export function schemaAt(root: Schema, value: unknown, path: Path): Schema | null {
  let schema: Schema | null = root;
  let current = value;
  for (const segment of path) {
    if (schema === null) return null;
    schema = stepInto(schema, current, segment);
    current = valueAt(current, [segment]);
  }
  return schema;
}

/** Keys that may stand at a path, by the branch that is meant there; null where any may. Pure. */
export function knownKeysAt(root: Schema, value: unknown, path: Path): string[] | null {
  const schema = schemaAt(root, value, path);
  if (schema === null) return null;
  const bare = unwrapSchema(schema);
  if (!(bare instanceof z.ZodUnion)) return knownKeys(bare);
  const inner = valueAt(value, path);
  const branch =
    bare instanceof z.ZodDiscriminatedUnion
      ? discriminatedBranch(bare, inner)
      : chooseBranch(bare.options, inner).branch;
  return branch === null ? null : knownKeys(branch);
}

/** The value at a path, or undefined. Pure. */
export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const segment of path) {
    if (Array.isArray(current)) current = current[Number(segment)];
    else if (isMap(current) && Object.hasOwn(current, segment)) current = current[segment];
    else return undefined;
  }
  return current;
}

/** True for what a YAML map becomes. Pure. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
