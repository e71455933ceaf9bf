import type { IncomingMessage, ServerResponse } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';
import { renderJsonSchema } from '../../src/config/json-schema.ts';
import type { PromptDefinition } from '../../src/mcp/prompt.ts';
import { createRunResources } from '../../src/mcp/run-resources.ts';
import { createMcpServer, type McpServerOptions } from '../../src/mcp/server.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Operation } from '../../src/model/operation.ts';
import { defineOperation } from '../../src/operations/define-operation.ts';
import { operations } from '../../src/operations/list.ts';
import { loadCommands } from '../../src/operations/load-commands.ts';
import { suggestValues } from '../../src/operations/suggest-values.ts';
import { createSystemClock } from '../../src/system/clock.ts';

export type HttpServer = { url: string; close(): Promise<void> };

/** Tools that the conformance suite calls by these names: one that answers, and one that fails. */
const suiteTools: Operation[] = ['test_simple_text', 'test_error_handling'].map((name) =>
  defineOperation({
    name,
    title: name,
    description: 'Belongs to the conformance suite and to no product.',
    tool: true,
    effects: 'reads',
    input: z.object({}),
    cli: null,
    run: async () => {
      if (name === 'test_error_handling') throw new DeployError('RUN_NONE');
      return { data: null, text: 'This is a simple text response for testing.' };
    },
  }),
);

/** The prompt that it completes an argument of. */
const suitePrompt: PromptDefinition = {
  name: 'test_prompt_with_arguments',
  description: 'Belongs to the conformance suite and to no product.',
  arguments: ['arg1', 'arg2'].map((name) => ({ name, description: name, required: false })),
  text: '$arg1 $arg2',
};

/**
 * The product's MCP server over Streamable HTTP on loopback, which is what the conformance suite speaks. The product has no such
 * door: it is made here, of the same server, for the suite alone. Each request gets a server of its own, without sessions.
 */
export async function startHttpServer(commands: string, project: string): Promise<HttpServer> {
  const all = [...operations, ...suiteTools];
  const options: McpServerOptions = {
    version: '0.0.0-conformance',
    operations: all,
    resources: createRunResources(all, renderJsonSchema),
    prompts: [...(await loadCommands(commands)), suitePrompt],
    completer: {
      suggest: (argument, typed, { projectDirectory }) => suggestValues(argument, typed, projectDirectory),
    },
    clock: createSystemClock(),
    project: { environmentDirectory: project, workingDirectory: project, pluginDirectory: null },
  };
  const app = createMcpExpressApp();
  app.all('/mcp', async (request: IncomingMessage & { body?: unknown }, answer: ServerResponse) => {
    const server = createMcpServer(options);
    const transport = new StreamableHTTPServerTransport({});
    answer.on('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(request, answer, request.body);
  });
  const listening = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      listening.closeAllConnections();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}
