import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMcpServer, type McpServerOptions } from './server.ts';

export type McpStreams = { input: Readable; output: Writable };

/**
 * Serves one client over its streams until `ended` resolves, which is the owner's to decide (end of input, signals), and
 * answers with the exit code. Calls under way are told to stop; runs belong to supervisors of their own and go on.
 */
export async function runMcpStdio(
  options: McpServerOptions,
  { input, output }: McpStreams,
  ended: Promise<void>,
): Promise<number> {
  const server = createMcpServer(options);
  await server.connect(new StdioServerTransport(input, output));
  await ended;
  await server.close();
  return 0;
}
