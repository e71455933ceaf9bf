import type { Server } from 'node:http';
import type { HostSpec } from './host-spec.ts';
import { closeServer, listenOn, portOf } from './listeners.ts';

/** The listeners of a host: the one that users reach, and one for each revision, so that it can be tried before users do. */
export class Doors {
  /** A server that routes by the table, or always to this revision. */
  readonly #create: (revisionId: string | null) => Server;
  readonly #users: Server[] = [];
  readonly #direct = new Map<string, Server>();

  constructor(create: (revisionId: string | null) => Server) {
    this.#create = create;
  }

  /** Port that users reach. */
  get port(): number | null {
    const server = this.#users[0];
    return server === undefined ? null : portOf(server);
  }

  /** Throws PORT_IN_USE. Nothing is opened where users reach another program. */
  async openToUsers(listen: HostSpec['listen']): Promise<void> {
    if (listen === null) return;
    const { host, port } = listen;
    const server = this.#create(null);
    this.#users.push(server);
    // `localhost` has two addresses, and clients choose either.
    const taken = await listenOn(server, { host: host === 'localhost' ? '127.0.0.1' : host, port });
    if (host !== 'localhost') return;
    const second = this.#create(null);
    await listenOn(second, { host: '::1', port: taken }).then(
      () => this.#users.push(second),
      () => undefined,
    );
  }

  /** At the port of before, where it is still free. */
  async openTo(revisionId: string, port = 0): Promise<void> {
    if (this.#direct.has(revisionId)) return;
    const server = this.#create(revisionId);
    this.#direct.set(revisionId, server);
    await listenOn(server, { host: '127.0.0.1', port }).catch(() => listenOn(server, { host: '127.0.0.1', port: 0 }));
  }

  /** Nobody can come to this revision by its own door any more; resolves when those inside have left. */
  async closeTo(revisionId: string): Promise<void> {
    const server = this.#direct.get(revisionId);
    this.#direct.delete(revisionId);
    if (server !== undefined) await closeServer(server, 0);
  }

  /** Revision id → port of 127.0.0.1. */
  directPorts(): Record<string, number> {
    const ports = [...this.#direct].map(([id, server]) => [id, portOf(server)] as const);
    return Object.fromEntries(ports.filter((entry): entry is [string, number] => entry[1] !== null));
  }

  async closeToUsers(drainMs: number): Promise<void> {
    await Promise.all(this.#users.map((server) => closeServer(server, drainMs)));
  }

  async closeDirect(): Promise<void> {
    await Promise.all([...this.#direct.values()].map((server) => closeServer(server, 0)));
  }
}
