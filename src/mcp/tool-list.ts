import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { Operation } from '../model/operation.ts';
import { inputJsonSchema } from '../model/operation-input.ts';

/** Tools that may take something away from users who had it. */
const destructive: ReadonlySet<string> = new Set(['rollout_start', 'rollout_control', 'rollback']);

/** Those of the operations that are tools; the others are for people at a terminal. Pure. */
export function toolOperations(operations: readonly Operation[]): Operation[] {
  return operations
    .filter((operation) => operation.tool)
    .map((operation) => (operation.toolInput === undefined ? operation : { ...operation, input: operation.toolInput }));
}

/** What a client is told of a tool. Pure. */
export function describeTool(operation: Operation): Tool {
  const { name, title, description, input, effects } = operation;
  const annotations =
    effects === 'reads'
      ? { readOnlyHint: true }
      : {
          // That it is not read-only is what the protocol takes for granted.
          destructiveHint: destructive.has(name),
          ...(name === 'rollout_start' ? { idempotentHint: true } : {}),
        };
  return {
    name,
    title,
    description,
    inputSchema: plainSchema(input),
    annotations,
    // The one gate that holds in Claude Code against allow rules, hooks and bypass modes: a person presses Yes.
    ...(effects === 'person' ? { _meta: { 'anthropic/requiresUserInteraction': true } } : {}),
  };
}

function plainSchema(input: Operation['input']): Tool['inputSchema'] {
  const { type, properties = {}, required, additionalProperties } = inputJsonSchema(input);
  const named = Object.entries(properties).flatMap(([name, property]) =>
    // What only a person at a terminal may say is not offered to a model.
    typeof property === 'boolean' || property['terminalOnly'] === true ? [] : [[name, withoutNoise(property)] as const],
  );
  return {
    type,
    properties: Object.fromEntries(named),
    ...(required === undefined ? {} : { required }),
    additionalProperties,
  };
}

/** A bound of this length or less says only that a name is meant. It holds all the same: what is longer is refused. */
const nameLength = 64;

/** Every byte of the list is in a model's context: what it cannot get wrong is left out. Keys are strings anyway. */
function withoutNoise(property: Record<string, unknown>): Record<string, unknown> {
  const { maxLength, examples, propertyNames: _keys, selfEvident, ...all } = property;
  const { description, ...undescribed } = all;
  // A choice whose names say it all needs no words beside them.
  const told = selfEvident === true ? undescribed : all;
  return {
    ...told,
    ...(typeof maxLength === 'number' && maxLength > nameLength ? { maxLength } : {}),
    // An example that the description has already is not told twice.
    ...(examples === undefined || holdsAll(description, examples) ? {} : { examples }),
  };
}

function holdsAll(description: unknown, examples: unknown): boolean {
  return (
    typeof description === 'string' &&
    Array.isArray(examples) &&
    examples.every((example) => description.includes(String(example)))
  );
}
