import type { ServerResponse } from 'node:http';
import type { InstanceEvent, TrafficFrame } from '../../model/traffic.ts';
import type { Host } from './host.ts';

/** Shorter than the longest silence that a listener takes, so that one late timer is not taken for death. */
const frameEveryMs = 125;
/** A listener that does not read is not waited for. */
const mostBufferedBytes = 8_000_000;

/** Writes frames, one JSON line each, until the listener goes. Events of instances go out at once, counts at every beat. */
export function writeFeed(host: Host, response: ServerResponse, sinceMs: number): void {
  let seen = 0;
  let first = true;
  const send = (instances: InstanceEvent[]): void => {
    if (response.writableLength > mostBufferedBytes) return void response.destroy();
    const cells = host.counter.changedSince(seen, first ? sinceMs : 0);
    seen = host.counter.lastChange;
    first = false;
    const frame: TrafficFrame = { nowMs: Date.now(), cells, instances, inFlight: host.inFlight() };
    response.write(`${JSON.stringify(frame)}\n`);
  };
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  send(host.events.since(sinceMs));
  const stopListening = host.events.listen((event) => send([event]));
  const beat = setInterval(() => send([]), frameEveryMs);
  response.on('error', () => undefined);
  response.once('close', () => {
    clearInterval(beat);
    stopListening();
  });
}
