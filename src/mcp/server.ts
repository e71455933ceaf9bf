import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  type CompleteRequest,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
} from '@modelcontextprotocol/sdk/types.js';
import type { Clock } from '../model/clock.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { Operation, OperationContext } from '../model/operation.ts';
import type { ArgumentCompleter } from './argument-completer.ts';
import { createAsk } from './ask-client.ts';
import { callTool, renderError } from './call-tool.ts';
import { GuardedServer } from './guarded-server.ts';
import { serverInstructions } from './instructions.ts';
import { createProgressReporter } from './progress.ts';
import { createProjectFinder, type ProjectHints } from './project-directory.ts';
import { type PromptDefinition, renderPrompt } from './prompt.ts';
import type { ResourceProvider } from './resource.ts';
import { describeTool, toolOperations } from './tool-list.ts';

/** A value, or how to get it when it is first asked for: `initialize` must not wait for what only a call needs. */
export type Lazy<T extends object> = T | (() => Promise<T>);

export type McpServerOptions = {
  version: string;
  operations: Lazy<readonly Operation[]>;
  resources: Lazy<ResourceProvider>;
  prompts: Lazy<readonly PromptDefinition[]>;
  completer: Lazy<ArgumentCompleter>;
  clock: Clock;
  project: ProjectHints;
};

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** The MCP door: tools, resources and prompts over the operations. Connect it to a transport. */
export function createMcpServer(options: McpServerOptions): Server {
  const server = new GuardedServer(
    { name: 'seatrial', title: 'seatrial: ship and prove it', version: options.version },
    { capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} }, instructions: serverInstructions },
  );
  const findProject = createProjectFinder(server, options.project);
  const contextOf = async (extra: Extra): Promise<OperationContext> => {
    const client = server.getClientVersion()?.name ?? null;
    const ask = createAsk(server, extra.signal);
    return {
      projectDirectory: await findProject(),
      caller: { door: 'mcp', name: client ?? 'unknown MCP client', client, interactive: false },
      clock: options.clock,
      signal: extra.signal,
      progress: createProgressReporter(extra),
      ...(ask === undefined ? {} : { ask }),
    };
  };
  offerTools(server, options, contextOf);
  offerResources(server, options, contextOf);
  offerPrompts(server, options);
  offerCompletion(server, options, contextOf);
  return server;
}

type ContextOf = (extra: Extra) => Promise<OperationContext>;

function offerTools(server: Server, options: McpServerOptions, contextOf: ContextOf): void {
  const load = async (): Promise<Operation[]> => toolOperations(await resolveLazy(options.operations));
  server.setRequestHandler(ListToolsRequestSchema, async () => ({ tools: (await load()).map(describeTool) }));
  server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
    const operations = await load();
    const operation = operations.find((candidate) => candidate.name === request.params.name);
    if (operation === undefined) {
      const names = operations.map((candidate) => candidate.name).join(', ');
      throw new McpError(ErrorCode.InvalidParams, `There is no tool "${request.params.name}". Tools: ${names}`);
    }
    try {
      return await callTool(operation, request.params.arguments ?? {}, () => contextOf(extra));
    } catch (thrown) {
      return renderError(toDeployError(thrown));
    }
  });
}

function offerResources(server: Server, options: McpServerOptions, contextOf: ContextOf): void {
  server.setRequestHandler(ListResourcesRequestSchema, async (_request, extra) => {
    const provider = await resolveLazy(options.resources);
    return { resources: await asProtocolError(async () => provider.list(await contextOf(extra))) };
  });
  server.setRequestHandler(ListResourceTemplatesRequestSchema, async () => ({
    resourceTemplates: [...(await resolveLazy(options.resources)).templates],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async (request, extra) => {
    const { uri } = request.params;
    const provider = await resolveLazy(options.resources);
    const found = await asProtocolError(async () => provider.read(uri, await contextOf(extra)));
    if (found === null)
      throw new McpError(resourceNotFound, `There is no ${uri}. Known: ${knownUris(provider)}`, { uri });
    return { contents: [{ uri, mimeType: found.mimeType, text: found.text }] };
  });
}

/** Error code that the specification gives to a resource that does not exist. */
const resourceNotFound = -32002;

function offerPrompts(server: Server, options: McpServerOptions): void {
  server.setRequestHandler(ListPromptsRequestSchema, async () => ({
    prompts: (await resolveLazy(options.prompts)).map(({ name, description, arguments: args }) => ({
      name,
      description,
      arguments: args.map((argument) => ({ ...argument })),
    })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, async (request) => {
    const prompts = await resolveLazy(options.prompts);
    const prompt = prompts.find((candidate) => candidate.name === request.params.name);
    if (prompt === undefined) {
      const names = prompts.map((candidate) => candidate.name).join(', ');
      throw new McpError(ErrorCode.InvalidParams, `There is no prompt "${request.params.name}". Prompts: ${names}`);
    }
    const text = await asProtocolError(async () => renderPrompt(prompt, request.params.arguments ?? {}));
    return { description: prompt.description, messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}

/** The protocol allows no more in one answer. */
const longestCompletion = 100;

function offerCompletion(server: Server, options: McpServerOptions, contextOf: ContextOf): void {
  server.setRequestHandler(CompleteRequestSchema, async ({ params: { ref, argument } }, extra) => {
    await assertOffered(options, ref);
    const completer = await resolveLazy(options.completer);
    const found = await asProtocolError(async () =>
      completer.suggest(argument.name, argument.value, await contextOf(extra)),
    );
    const values = found.slice(0, longestCompletion);
    return { completion: { values, total: found.length, hasMore: found.length > values.length } };
  });
}

/** Nothing is completed for what is not offered: a client that asks has another name in mind. */
async function assertOffered(options: McpServerOptions, ref: CompleteRequest['params']['ref']): Promise<void> {
  if (ref.type === 'ref/prompt') {
    if ((await resolveLazy(options.prompts)).some((prompt) => prompt.name === ref.name)) return;
    throw new McpError(ErrorCode.InvalidParams, `There is no prompt "${ref.name}".`);
  }
  const provider = await resolveLazy(options.resources);
  if (provider.templates.some((template) => template.uriTemplate === ref.uri)) return;
  throw new McpError(ErrorCode.InvalidParams, `There is no ${ref.uri}. Known: ${knownUris(provider)}`);
}

function knownUris(provider: ResourceProvider): string {
  return provider.templates.map((template) => template.uriTemplate).join(', ');
}

/** Resources and prompts have no error result; what is wrong and what to do go into the protocol's error. */
async function asProtocolError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toDeployError(thrown);
    const code =
      error instanceof DeployError && error.code === 'INTERNAL' ? ErrorCode.InternalError : ErrorCode.InvalidParams;
    throw new McpError(code, `${error.code}: ${error.message} Do: ${error.remedy}`);
  }
}

function resolveLazy<T extends object>(lazy: Lazy<T>): T | Promise<T> {
  return typeof lazy === 'function' ? lazy() : lazy;
}
