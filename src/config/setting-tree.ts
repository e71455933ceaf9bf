import { z } from 'zod';
import {
  chooseBranch,
  defaultOf,
  describeSchema,
  discriminatedBranch,
  isMap,
  type Schema,
  unwrapSchema,
} from './schema-walk.ts';

/** Where a value comes from: the file, seatrial's defaults, or nowhere, and then it has no effect. */
export type Origin = 'yours' | 'default' | 'not set';

/** A config as the schema knows it, every setting there, in the units in which a person writes it. */
export type SettingNode =
  | { kind: 'value'; value: unknown; from: Origin; description: string }
  | { kind: 'map'; entries: Array<[string, SettingNode]>; from: Origin; description: string }
  | { kind: 'list'; items: SettingNode[]; from: Origin; description: string };

type Asked = {
  schema: Schema;
  /** What stands there; undefined when nothing does. */
  given: unknown;
  /** Origin of what stands there. */
  from: 'yours' | 'default';
};

/** Joins a valid value with the defaults of its schema. Pure. */
export function settingTree(asked: Asked): SettingNode {
  const { schema } = asked;
  const value = asked.given === undefined ? defaultOf(schema) : asked.given;
  const origin = asked.given === undefined ? 'default' : asked.from;
  const description = describeSchema(schema);
  if (value === undefined) return { kind: 'value', value: null, from: 'not set', description };
  const branch = branchFor(schema, value);
  if (branch instanceof z.ZodObject && isMap(value)) {
    const entries = Object.entries(branch.shape).map(([key, inner]): [string, SettingNode] => [
      key,
      settingTree({ schema: inner, given: value[key], from: origin }),
    ]);
    return { kind: 'map', entries, from: origin, description };
  }
  if (branch instanceof z.ZodRecord && isMap(value)) {
    const { valueType } = branch;
    const entries = Object.entries(value).map(([key, inner]): [string, SettingNode] => [
      key,
      settingTree({ schema: valueType, given: inner, from: origin }),
    ]);
    return { kind: 'map', entries, from: origin, description };
  }
  if (branch instanceof z.ZodArray && Array.isArray(value) && value.some(isMap)) {
    const items = value.map((item: unknown) => settingTree({ schema: branch.element, given: item, from: origin }));
    return { kind: 'list', items, from: origin, description };
  }
  return { kind: 'value', value, from: origin, description };
}

function branchFor(schema: Schema, value: unknown): Schema {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodDiscriminatedUnion) return unwrapSchema(discriminatedBranch(bare, value) ?? bare);
  if (bare instanceof z.ZodUnion) return unwrapSchema(chooseBranch(bare.options, value).branch ?? bare);
  return bare;
}

/** One setting by its whole key. */
export type Setting = { key: string; value: unknown; from: Origin; description: string };

/** The leaves of a tree, in its order. Pure. */
export function flattenSettings(node: SettingNode, key: string): Setting[] {
  if (node.kind === 'map' && node.entries.length > 0) {
    return node.entries.flatMap(([name, inner]) => flattenSettings(inner, key === '' ? name : `${key}.${name}`));
  }
  if (node.kind === 'list' && node.items.length > 0) {
    return node.items.flatMap((item, index) => flattenSettings(item, `${key}[${index}]`));
  }
  const empty = { map: {}, list: [], value: null };
  const value = node.kind === 'value' ? node.value : empty[node.kind];
  return [{ key, value, from: node.from, description: node.description }];
}
