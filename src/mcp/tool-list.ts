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
          readOnlyHint: false,
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
  const { maxLength, propertyNames: _keys, ...told } = property;
  return typeof maxLength === 'number' && maxLength > nameLength ? { ...told, maxLength } : told;
}
