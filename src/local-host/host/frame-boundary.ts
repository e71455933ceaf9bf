/**
 * Follows the lengths of websocket frames (RFC 6455, 5.2) through a byte stream, to know whether a frame of our own may
 * be put between two of theirs.
 */
export class FrameBoundary {
  #header: number[] = [];
  #payloadLeft = 0;

  /** True when no frame has begun that has not ended. */
  get atBoundary(): boolean {
    return this.#header.length === 0 && this.#payloadLeft === 0;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= taken;
        at += taken;
        continue;
      }
      this.#header.push(chunk[at] ?? 0);
      at += 1;
      const length = payloadLength(this.#header);
      if (length === null) continue;
      this.#payloadLeft = length;
      this.#header = [];
    }
  }
}

/** Close frame of a server with status 1012 (service restart), which tells clients to connect again. */
export const closeForRestart: Uint8Array = Uint8Array.of(0x88, 0x02, 0x03, 0xf4);

function payloadLength(header: readonly number[]): number | null {
  const second = header[1];
  if (second === undefined) return null;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskBytes = (second & 0x80) === 0 ? 0 : 4;
  if (header.length < 2 + lengthBytes + maskBytes) return null;
  if (lengthBytes === 0) return short;
  return header.slice(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
}
