import { once } from 'node:events';
import type { Server } from 'node:http';
import { DeployError } from '../../model/deploy-error.ts';
import { errorCodeOf } from '../../system/files.ts';

/** Listens, and returns the port. Throws PORT_IN_USE, or TARGET_REFUSED when the address is not one of this machine. */
export async function listenOn(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  try {
    server.listen({ host, port, backlog: 2048 });
    await once(server, 'listening');
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    if (code === 'EADDRINUSE') throw new DeployError('PORT_IN_USE', { host, port, by: '' }, thrown);
    const why = code === 'EACCES' ? 'needs more rights' : thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError('TARGET_REFUSED', { reason: `cannot listen on ${host}:${port}: ${why}` }, thrown);
  }
  return portOf(server) ?? port;
}

/** Port of a listening server, or null. */
export function portOf(server: Server): number | null {
  const address = server.address();
  return address === null || typeof address === 'string' ? null : address.port;
}

/** No new connection, no idle one; resolves when the last one has ended, and soon after `withinMs` in any case. */
export async function closeServer(server: Server, withinMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const timer = setTimeout(() => server.closeAllConnections(), withinMs);
  // Upgraded connections are not the server's any more: it waits for them and cannot close them.
  let giveUp: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    giveUp = setTimeout(resolve, withinMs + 1000);
  });
  await Promise.race([closed, late]);
  clearInterval(idle);
  clearTimeout(timer);
  clearTimeout(giveUp);
}
