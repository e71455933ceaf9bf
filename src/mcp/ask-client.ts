import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { z } from 'zod';
import type { FormReply, OperationContext, QuestionForm } from '../model/operation.ts';
import { printable } from '../model/printable.ts';

/** A person thinks; what is not answered in this time counts as closed. */
const answerWithinMs = 600_000;

/** Looser than the SDK's own, which wants a validator for what we read as text anyway. */
const replySchema = z.looseObject({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Asks by a form of the client (elicitation); undefined where the client has none. A hook or a client without a person may
 * answer it too, so an answer is convenience and no approval.
 */
export function createAsk(server: Server, signal: AbortSignal): OperationContext['ask'] {
  const offered = server.getClientCapabilities()?.elicitation;
  // Clients from before there were kinds of it say `{}` and mean the form.
  if (offered === undefined || (offered.form === undefined && offered.url !== undefined)) return undefined;
  return async (form) => {
    const params = { mode: 'form', message: printable(form.message), requestedSchema: schemaOf(form) };
    const options = { signal, timeout: answerWithinMs };
    const reply = await server.request({ method: 'elicitation/create', params }, replySchema, options);
    return readReply(reply);
  };
}

function readReply({ action, content = {} }: z.output<typeof replySchema>): FormReply {
  if (action !== 'accept') return { action };
  const values = Object.entries(content).flatMap(([name, value]) =>
    ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)] as const] : [],
  );
  return { action, values: Object.fromEntries(values) };
}

function schemaOf({ fields }: QuestionForm): Record<string, unknown> {
  const properties = fields.map(({ name, title, description, choices, defaultValue }) => [
    name,
    {
      type: 'string',
      title,
      description,
      ...(choices === null ? {} : { enum: [...choices] }),
      ...(defaultValue === null ? {} : { default: defaultValue }),
    },
  ]);
  // What has a default may be left as it is; a field without one is what the form is for.
  const required = fields.filter(({ defaultValue }) => defaultValue === null).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
  };
}
