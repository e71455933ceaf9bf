import { z } from 'zod';

type Accepts = (value: unknown) => boolean;

/**
 * A quick yes for values that a schema would take as they are: made of the schema itself, so that there is one list of rules. Of
 * whatever it does not say yes to, the schema is asked, which also says why. Null where the schema has something that this
 * knows nothing of (defaults, transforms, rules of one's own), and then the schema is asked always. For thousands of small
 * files, where zod's results for each field cost more than reading them.
 */
export function quickAccept<Schema extends z.ZodType>(
  schema: Schema,
): ((value: unknown) => value is z.output<Schema>) | null {
  const accepts = acceptsOf(schema);
  if (accepts === null) return null;
  return (value): value is z.output<Schema> => accepts(value);
}

function acceptsOf(schema: unknown): Accepts | null {
  if (schema instanceof z.ZodObject) return objectOf(schema);
  if (schema instanceof z.ZodArray) return arrayOf(schema);
  if (schema instanceof z.ZodNullable) return orElse(acceptsOf(schema.unwrap()), (value) => value === null);
  if (schema instanceof z.ZodOptional) return orElse(acceptsOf(schema.unwrap()), (value) => value === undefined);
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) return oneOf(schema);
  if (schema instanceof z.ZodISODateTime) return dateTimeOf(schema);
  if (schema instanceof z.ZodString) return hasChecks(schema) ? null : (value) => typeof value === 'string';
  if (schema instanceof z.ZodNumber) return numberOf(schema);
  if (schema instanceof z.ZodBoolean) return (value) => typeof value === 'boolean';
  return null;
}

function hasChecks(schema: z.ZodType): boolean {
  return (schema._zod.def.checks ?? []).length > 0;
}

function orElse(accepts: Accepts | null, other: Accepts): Accepts | null {
  return accepts === null ? null : (value) => other(value) || accepts(value);
}

function oneOf(schema: z.ZodEnum | z.ZodLiteral): Accepts {
  const values: ReadonlySet<unknown> = new Set(schema instanceof z.ZodEnum ? schema.options : schema.values);
  return (value) => values.has(value);
}

/** A lower bound and whole numbers; other rules about numbers are left to the schema. */
function numberOf(schema: z.ZodNumber): Accepts | null {
  const known = (schema._zod.def.checks ?? []).every(({ _zod }) =>
    ['number_format', 'greater_than'].includes(_zod.def.check),
  );
  if (!known || (schema.format !== null && schema.format !== 'safeint')) return null;
  const isWhole = schema.format === 'safeint';
  const least = schema.minValue ?? Number.NEGATIVE_INFINITY;
  const takesLeast = schema.safeParse(least).success;
  return (value) =>
    typeof value === 'number' &&
    (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    (value > least || (takesLeast && value === least));
}

/** By the very pattern that the schema has. */
function dateTimeOf(schema: z.ZodISODateTime): Accepts | null {
  const { pattern } = schema._zod.def;
  if (pattern === undefined || hasChecks(schema)) return null;
  return (value) => typeof value === 'string' && pattern.test(value);
}

function arrayOf(schema: z.ZodArray): Accepts | null {
  const accepts = acceptsOf(schema.element);
  if (accepts === null || hasChecks(schema)) return null;
  return (value) => Array.isArray(value) && value.every(accepts);
}

/** Strict ones only: what has further fields would come out without them. */
function objectOf(schema: z.ZodObject): Accepts | null {
  if (!(schema._zod.def.catchall instanceof z.ZodNever) || hasChecks(schema)) return null;
  const fields: Array<[string, Accepts]> = [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const accepts = acceptsOf(field);
    if (accepts === null) return null;
    fields.push([name, accepts]);
  }
  const names = new Set(fields.map(([name]) => name));
  return (value) => {
    if (!isMap(value)) return false;
    for (const name in value) if (!names.has(name)) return false;
    for (const [name, accepts] of fields) if (!accepts(value[name])) return false;
    return true;
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
