import http from 'node:http';
import { z } from 'zod';

export type Block = { type: 'text'; text: string } | { type: 'tool_use'; name: string; input: Record<string, unknown> };

/** What the model says at one request, or how that is made of what it has seen; with `until` again and again, until the newest result looks so. */
export type Turn = Say | { until: RegExp; say: Say };
type Say = readonly Block[] | ((seen: Seen) => readonly Block[]);

/** What the client has handed over so far. */
export type Seen = { results: readonly ToolResult[]; newest: ToolResult };
export type ToolResult = { text: string; isError: boolean };

const textBlock = z.looseObject({ type: z.literal('text'), text: z.string() });
const content = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const modelRequest = z.looseObject({
  messages: z.array(z.looseObject({ role: z.string(), content })),
  system: z.unknown().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
  stream: z.boolean().optional(),
});
export type ModelRequest = z.output<typeof modelRequest>;

export type ScriptedModel = {
  url: string;
  /** Requests of the conversation itself, oldest first; what the client asks beside it (titles and the like) has no tools. */
  requests: readonly ModelRequest[];
  /** How many turns of the script were reached. */
  reached(): number;
  /** Throws what a turn of the script threw: with that the conversation was over. */
  assertWhole(): void;
  close(): Promise<void>;
};

/** A model that says what the script says, on a port of loopback that the system hands out. Behind the script it only ends turns. */
export async function startScriptedModel(script: readonly Turn[]): Promise<ScriptedModel> {
  const requests: ModelRequest[] = [];
  const state: { at: number; broken: unknown } = { at: 0, broken: null };
  const server = http.createServer((request, response) => {
    void readBody(request).then((body) => {
      if (request.method !== 'POST' || !/^\/v1\/messages(\?|$)/.test(request.url ?? ''))
        return sendJson(response, 200, { input_tokens: 1 });
      try {
        const asked = modelRequest.parse(JSON.parse(body));
        answer(response, asked, asked.tools?.length ? say(asked) : [{ type: 'text', text: 'Shipping' }]);
      } catch (thrown) {
        state.broken = thrown;
        sendJson(response, 400, { type: 'error', error: { type: 'invalid_request_error', message: String(thrown) } });
      }
    });
  });
  const say = (request: ModelRequest): readonly Block[] => {
    requests.push(request);
    const turn = nextTurn(script, state, request);
    return turn ?? [{ type: 'text', text: 'The script is over.' }];
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stub has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    reached: () => state.at,
    assertWhole: () => {
      if (state.broken !== null) throw state.broken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function nextTurn(script: readonly Turn[], state: { at: number }, request: ModelRequest): readonly Block[] | null {
  const turn = script[state.at];
  if (turn === undefined) return null;
  const results = toolResults(request);
  const seen = { results, newest: results.at(-1) ?? { text: '', isError: false } };
  const say = (what: Say): readonly Block[] => (typeof what === 'function' ? what(seen) : what);
  if (!('until' in turn)) {
    state.at += 1;
    return say(turn);
  }
  if (!turn.until.test(seen.newest.text)) return say(turn.say);
  state.at += 1;
  return nextTurn(script, state, request);
}

/** Results of tools in the order in which the model got them, as it reads them. */
export function toolResults(request: ModelRequest): ToolResult[] {
  return request.messages.flatMap((message) =>
    typeof message.content === 'string'
      ? []
      : message.content
          .filter((part) => part.type === 'tool_result')
          .map((part) => ({ text: textOf(part['content']), isError: part['is_error'] === true })),
  );
}

/** All that the model reads beside its own words and the results of tools: the system's text, reminders, commands, hooks. */
export function contextOf(request: ModelRequest): string {
  const said = request.messages.filter(({ role }) => role !== 'assistant').map((message) => textOf(message.content));
  return [textOf(request.system), ...said].join('\n');
}

function textOf(said: unknown): string {
  if (typeof said === 'string') return said;
  const parts = z.array(z.unknown()).safeParse(said);
  return (parts.data ?? []).map((part) => textBlock.safeParse(part).data?.text ?? '').join('\n');
}

async function readBody(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: http.ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
}

let messages = 0;

function answer(response: http.ServerResponse, request: ModelRequest, blocks: readonly Block[]): void {
  messages += 1;
  const id = `msg_${messages}`;
  const named = blocks.map((part, index) =>
    part.type === 'text' ? part : { ...part, id: `toolu_${messages}_${index}` },
  );
  const stopReason = blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id, type: 'message', role: 'assistant', model: 'scripted', stop_sequence: null, usage };
  if (request.stream !== true) {
    sendJson(response, 200, { ...message, content: named, stop_reason: stopReason });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (type: string, data: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  send('message_start', { message: { ...message, content: [], stop_reason: null } });
  for (const [index, part] of named.entries()) {
    const [empty, delta] =
      part.type === 'text'
        ? [
            { type: 'text', text: '' },
            { type: 'text_delta', text: part.text },
          ]
        : [
            { ...part, input: {} },
            { type: 'input_json_delta', partial_json: JSON.stringify(part.input) },
          ];
    send('content_block_start', { index, content_block: empty });
    send('content_block_delta', { index, delta });
    send('content_block_stop', { index });
  }
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 1 } });
  send('message_stop', {});
  response.end();
}
