import { createReadStream } from 'node:fs';

/** The bytes of a file, piece by piece, so that its size does not matter. Throws the error of the file system when read. */
export function streamFile(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return createReadStream(path, { signal });
}
