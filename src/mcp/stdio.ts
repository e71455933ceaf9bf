import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMcpServer, type McpServerOptions } from './server.ts';

/**
 * Serves one client on stdin and stdout until end of input, SIGINT or SIGTERM, and resolves with the exit code.
 * Calls that are under way are told to stop; runs belong to supervisors of their own and go on.
 */
export async function runMcpStdio(options: McpServerOptions): Promise<number> {
  const ended = waitForEnd();
  const server = createMcpServer(options);
  await server.connect(new StdioServerTransport(process.stdin, takeStdout()));
  if (process.stdin.isTTY)
    process.stderr.write(
      'seatrial mcp speaks the Model Context Protocol on stdin and stdout; agents start it. Ctrl-C ends it.\n',
    );
  await ended;
  await server.close();
  return 0;
}

function waitForEnd(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => resolve();
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
    process.once('SIGHUP', end);
    process.stdin.once('end', end);
    process.stdin.once('close', end);
    // The client has gone: there is nobody to tell.
    process.stdout.on('error', end);
  });
}

/** The only way to stdout; whatever else writes there (a library, console.log) comes out on stderr. */
function takeStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  globalThis.console = new Console(process.stderr, process.stderr);
  return new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      write(chunk, () => done());
    },
  });
}
