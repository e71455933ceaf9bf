import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { emitData } from '../model/redaction/emit.ts';

/** A server whose every message, answers and notifications alike, has its secrets taken out on the way to the client. */
export class GuardedServer extends Server {
  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(emitData(message), options);
    await super.connect(transport);
  }
}
