import type { Socket } from 'node:net';

const waiting = new WeakMap<Socket, Set<() => void>>();

/** Calls `closed` when the socket closes, until the returned function is called. One listener, however many wait on a socket. */
export function onceClosed(socket: Socket, closed: () => void): () => void {
  const known = waiting.get(socket) ?? listen(socket);
  known.add(closed);
  return () => void known.delete(closed);
}

function listen(socket: Socket): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(socket, all);
  socket.once('close', () => {
    for (const closed of [...all]) closed();
  });
  return all;
}
