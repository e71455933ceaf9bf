import http from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export type JsonServer = {
  url: string;
  /** How it answers from now on. */
  answer(how: Answer): void;
  requests(): number;
  close(): Promise<void>;
};

/** A real HTTP server whose way of answering can be changed at any time. */
export async function startJsonServer(first: Answer): Promise<JsonServer> {
  let how = first;
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests++;
    how(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    answer: (next) => {
      how = next;
    },
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with a value as JSON. */
export function json(value: unknown): Answer {
  return (_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(value));
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
