import { z } from 'zod';

/** One field of an operation's input, as both doors show it. */
export type InputField = {
  name: string;
  type: 'string' | 'number' | 'boolean' | 'array' | 'object';
  required: boolean;
  description: string;
  /** Allowed values, or null when any value of the type is. */
  choices: string[] | null;
  defaultValue: unknown;
  example: unknown;
  /** A yes or no that a person is asked for when it is left out: the command has a flag for either. */
  asked?: true;
};

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The fields in the order of their declaration. Pure. */
export function describeInput(input: z.ZodObject): InputField[] {
  const schema = inputJsonSchema(input);
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const known = typeof property === 'boolean' ? {} : presentPart(property);
    const choices = choicesOf(known);
    const type = typeOf(known);
    return {
      name,
      type,
      required: required.has(name),
      description: describe(property) || known.description || '',
      choices,
      defaultValue: typeof property === 'boolean' ? undefined : property.default,
      example: known.examples?.[0] ?? choices?.[0] ?? exampleOf[type],
      ...(known['asked'] === true ? { asked: true as const } : {}),
    };
  });
}

/**
 * JSON Schema (draft 2020-12) of what a caller may send: a plain object that takes no unknown keys, without `$schema`
 * and without the bounds that only say "fits into a double". Pure.
 */
export function inputJsonSchema(input: z.ZodObject): JsonSchema & { type: 'object' } {
  const schema = z.toJSONSchema(input, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  const { properties = {}, required } = schema;
  return { type: 'object', properties, ...(required === undefined ? {} : { required }), additionalProperties: false };
}

/** The smallest input that names everything required, to be shown as an example. Pure. */
export function exampleInput(input: z.ZodObject): Record<string, unknown> {
  const fields = describeInput(input);
  const shown = fields.some((field) => field.required) ? fields.filter((field) => field.required) : fields.slice(0, 1);
  return Object.fromEntries(shown.map((field) => [field.name, field.example]));
}

/** Parsed input, or one line for each mistake. `nameOf` turns a field's name into what the caller typed. Pure. */
export function parseInput(
  input: z.ZodObject,
  given: Record<string, unknown>,
  nameOf: (field: string) => string = (field) => field,
): { ok: true; value: Record<string, unknown> } | { ok: false; mistakes: string[]; fields: string[] } {
  // Unknown keys are mistakes at every door: one that is dropped looks like one that was obeyed.
  const parsed = input.strict().safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  const fields = describeInput(input);
  return {
    ok: false,
    mistakes: parsed.error.issues.flatMap((issue) => explainIssue({ issue, given, fields, nameOf })),
    fields: parsed.error.issues.map((issue) => String(issue.path[0] ?? '')),
  };
}

/** The known name that `name` was probably meant to be, or null when none is near. Pure. */
export function nearestName(given: string, known: readonly string[]): string | null {
  // Nobody means a name by a text that long, and a hostile one must cost nothing.
  const name = given.slice(0, 100);
  const limit = Math.max(1, Math.floor(name.length / 3));
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= limit ? best.candidate : null;
}

const exampleOf = { string: '…', number: 1, boolean: true, array: [], object: {} };

type IssueRequest = {
  issue: z.core.$ZodIssue;
  given: Record<string, unknown>;
  fields: InputField[];
  nameOf: (field: string) => string;
};

function explainIssue({ issue, given, fields, nameOf }: IssueRequest): string[] {
  const names = fields.map((field) => field.name);
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) => {
      const nearest = nearestName(key, names);
      return `${nameOf(key)} is unknown${nearest === null ? '' : `; did you mean ${nameOf(nearest)}?`} Known: ${names.map(nameOf).join(', ') || 'nothing'}.`;
    });
  }
  const name = String(issue.path[0] ?? '');
  const field = fields.find((candidate) => candidate.name === name);
  if (field === undefined) return [issue.message];
  const value = given[name];
  if (value === undefined) {
    return [
      `${nameOf(name)} is missing: ${field.description || field.type}, such as ${JSON.stringify(field.example)}.`,
    ];
  }
  const shown = `${nameOf(name)} is ${shorten(JSON.stringify(value))}`;
  if (issue.code === 'invalid_value' && field.choices !== null) {
    const nearest = typeof value === 'string' ? nearestName(value, field.choices) : null;
    return [`${shown}; allowed: ${field.choices.join(', ')}.${nearest === null ? '' : ` Did you mean ${nearest}?`}`];
  }
  return [`${shown}: ${issue.message}${exampleHint(field)}.`];
}

/** An example that nobody has chosen for the field would only be noise. */
function exampleHint(field: InputField): string {
  return field.example === exampleOf[field.type] ? '' : `, such as ${JSON.stringify(field.example)}`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function presentPart(property: JsonSchema): JsonSchema {
  const parts = (property.anyOf ?? []).flatMap((part) =>
    typeof part === 'boolean' || part.type === 'null' ? [] : [part],
  );
  return parts[0] ?? property;
}

function describe(property: JsonSchema | boolean): string {
  return typeof property === 'boolean' ? '' : (property.description ?? '');
}

function typeOf(property: JsonSchema): InputField['type'] {
  const declared = Array.isArray(property.type) ? property.type.find((type) => type !== 'null') : property.type;
  if (declared === 'integer' || declared === 'number') return 'number';
  if (declared === 'boolean' || declared === 'array' || declared === 'object') return declared;
  return 'string';
}

function choicesOf(property: JsonSchema): string[] | null {
  if (property.const !== undefined) return [String(property.const)];
  return property.enum === undefined ? null : property.enum.filter((value) => value !== null).map(String);
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
