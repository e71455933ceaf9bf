import { z } from 'zod';
import { type Schema, unwrapSchema } from './schema-walk.ts';

/** Where in an environment each key of the config may stand: `bake` → [`strategy (kind: direct)`, …]. Pure. */
export function keyPlaces(root: Schema): Map<string, string[]> {
  const places = new Map<string, string[]>();
  collect(root, '', places);
  return places;
}

function collect(schema: Schema, place: string, places: Map<string, string[]>): void {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodObject) {
    for (const [key, inner] of Object.entries(bare.shape)) {
      if (place !== '') places.set(key, [...new Set([...(places.get(key) ?? []), place])]);
      collect(inner, place === '' ? key : `${place.replace(/ \(.*\)$/, '')}.${key}`, places);
    }
  } else if (bare instanceof z.ZodDiscriminatedUnion) {
    for (const option of bare.options) collect(option, `${place} (${labelOf(bare, option)})`, places);
  } else if (bare instanceof z.ZodUnion) {
    for (const option of bare.options) collect(option, place, places);
  } else if (bare instanceof z.ZodArray) {
    collect(bare.element, `${place}[]`, places);
  } else if (bare instanceof z.ZodRecord) {
    collect(bare.valueType, place, places);
  }
}

function labelOf(union: z.ZodDiscriminatedUnion, option: Schema): string {
  const key = union.def.discriminator;
  const bare = unwrapSchema(option);
  const literal = bare instanceof z.ZodObject ? bare.shape[key] : undefined;
  return `${key}: ${literal instanceof z.ZodLiteral ? [...literal.values].join(' | ') : '?'}`;
}
