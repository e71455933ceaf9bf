import { once } from 'node:events';
import net from 'node:net';

/** What may happen to one connection. A late answer comes when nobody waits for it any more. */
export const wireFaults = [
  ...['slow', 'refused', 'question lost', 'answer lost', 'answer cut', 'question twice', 'answer late'],
] as const;
export type WireFault = (typeof wireFaults)[number];

export type FaultyWire = {
  port: number;
  /** Connections by what happened to them; `none` to the healthy ones. */
  seen: Record<WireFault | 'none', number>;
  /** From now on so large a share of connections has a fault. */
  faultRatio: number;
  close(): Promise<void>;
};

type Address = { path: string } | { port: number; host: '127.0.0.1' };

/** Stands between a driver and its engine and does to their connections what a bad network does. `path`: null for a port. */
export async function createFaultyWire(
  { path, behind }: { path: string | null; behind: Address },
  random: () => number,
): Promise<FaultyWire> {
  const counts = { slow: 0, refused: 0, 'question lost': 0, 'answer lost': 0, 'answer cut': 0 };
  const seen = { none: 0, ...counts, 'question twice': 0, 'answer late': 0 };
  const sockets = new Set<net.Socket>();
  const track = (socket: net.Socket): net.Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    track(client);
    const fault = random() < wire.faultRatio ? wireFaults[Math.floor(random() * wireFaults.length)] : undefined;
    seen[fault ?? 'none'] += 1;
    pass({ client, connect: () => track(net.connect({ ...behind, allowHalfOpen: true })), fault, amount: random() });
  });
  server.listen(path === null ? { port: 0, host: '127.0.0.1' } : { path });
  await once(server, 'listening');
  const bound = server.address();
  const wire: FaultyWire = {
    port: bound === null || typeof bound === 'string' ? 0 : bound.port,
    seen,
    faultRatio: 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return wire;
}

type Passing = { client: net.Socket; connect: () => net.Socket; fault: WireFault | undefined; amount: number };

/** `amount` (0–1): how long, or how much. */
function pass({ client, connect, fault, amount }: Passing): void {
  if (fault === 'refused') return void client.destroy();
  if (fault === 'question lost') {
    client.resume();
    client.on('end', () => client.destroy());
    return;
  }
  const engine = connect();
  const copy = fault === 'question twice' ? connect() : null;
  copy?.resume();
  const waitMs = fault === 'slow' ? 50 + amount * 250 : 0;
  client.on('data', (bytes) => {
    copy?.write(bytes);
    setTimeout(() => engine.write(bytes), waitMs);
  });
  client.on('end', () => {
    copy?.end();
    setTimeout(() => engine.end(), waitMs);
  });
  client.on('close', () => {
    // What was on its way reaches the engine all the same.
    setTimeout(() => engine.destroy(), waitMs + 500);
  });
  answer(client, engine, { fault, amount });
}

function answer(client: net.Socket, engine: net.Socket, { fault, amount }: Pick<Passing, 'fault' | 'amount'>): void {
  if (fault === 'answer lost') return void engine.once('data', () => client.destroy());
  if (fault === 'answer cut') {
    engine.once('data', (bytes) => {
      client.write(bytes.subarray(0, Math.floor(amount * bytes.length)));
      client.end();
      engine.resume();
    });
    return;
  }
  const waitMs = fault === 'answer late' ? 3000 : 0;
  engine.on('data', (bytes) => void setTimeout(() => client.write(bytes), waitMs));
  engine.on('end', () => void setTimeout(() => client.end(), waitMs));
}
