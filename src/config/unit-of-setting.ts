import { z } from 'zod';
import { configSchema } from '../model/config/environment.ts';
import { byteSize, duration } from '../model/config/quantity.ts';
import { type Schema, unwrapSchema } from './schema-walk.ts';

export type SettingUnit = 'ms' | 'bytes';

/**
 * What a number at a place such as `production.gates.minFreeDisk` is a number of, by the schema; null for a bare number and where the
 * place does not tell (a name with a dot in it). Pure.
 */
export function unitOfSetting(at: string): SettingUnit | null {
  const keys = at.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  const found = ['environments', ...keys].reduce<Schema[]>(
    (schemas, key) => schemas.flatMap((schema) => inside(schema, key)),
    [configSchema],
  );
  const patterns = found.map(patternOf);
  if (patterns.length === 0) return null;
  if (patterns.every((pattern) => pattern === duration.meta()?.['pattern'])) return 'ms';
  return patterns.every((pattern) => pattern === byteSize.meta()?.['pattern']) ? 'bytes' : null;
}

/** The pattern that a quantity carries, below what says how a missing value is treated. */
function patternOf(schema: Schema): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault)
    return patternOf(schema.unwrap());
  return schema instanceof z.ZodType ? schema.meta()?.['pattern'] : undefined;
}

/** Schemas one key further down, in every branch that knows it. */
function inside(schema: Schema, key: string): Schema[] {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodUnion) return bare.options.flatMap((option) => inside(option, key));
  if (bare instanceof z.ZodObject) return Object.hasOwn(bare.shape, key) ? [bare.shape[key] ?? bare] : [];
  if (bare instanceof z.ZodArray) return [bare.element];
  return bare instanceof z.ZodRecord ? [bare.valueType] : [];
}
