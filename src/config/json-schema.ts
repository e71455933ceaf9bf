import { z } from 'zod';
import { configSchema } from '../model/config/environment.ts';

/** The JSON Schema of `seatrial.yaml` as a person writes it, for editors; with a line break at its end. Pure. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => dropBlankDefault(jsonSchema),
  });
  return `${JSON.stringify({ title: 'seatrial.yaml', ...schema }, null, 2)}\n`;
}

/** `{}` as a default tells nothing, and zod's own names of formats mean nothing to an editor. */
function dropBlankDefault(schema: z.core.JSONSchema.BaseSchema): void {
  if (JSON.stringify(schema.default) === '{}') delete schema.default;
  if (schema.format === 'starts_with' || schema.format === 'includes' || schema.format === 'regex')
    delete schema.format;
}
