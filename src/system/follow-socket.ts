import net from 'node:net';
import type { SocketAddress } from './ask-socket.ts';

export type FollowedSocket = {
  /** Ends the connection; `onEnd` is not called any more. */
  close(): void;
};

export type FollowRequest = {
  address: SocketAddress;
  /** Written whole when the connection stands. */
  text: string;
  /** A longer line ends the connection: what sends it is not who was expected. */
  longestLine: number;
  /** Each line without its end. */
  onLine(line: string): void;
  /** Called once, whoever ended it, unless it was `close`. */
  onEnd(reason: string): void;
};

/** Asks once and listens to lines (UTF-8) until either side ends it. Nothing is thrown: `onEnd` tells why. */
export function followSocket({ address, text, longestLine, onLine, onEnd }: FollowRequest): FollowedSocket {
  const socket = net.connect(address);
  let rest = '';
  let ended = false;
  const end = (reason: string): void => {
    if (ended) return;
    ended = true;
    socket.destroy();
    onEnd(reason);
  };
  socket.setEncoding('utf8');
  socket.on('connect', () => socket.write(text));
  socket.on('data', (received: string) => {
    if (ended) return;
    const lines = (rest + received).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (!ended) onLine(line);
    if (rest.length > longestLine) end('it sent a line without an end');
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('it closed the connection'));
  return {
    close: () => {
      ended = true;
      socket.destroy();
    },
  };
}
