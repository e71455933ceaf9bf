import { createReadStream } from 'node:fs';

/** The bytes of a file, piece by piece, so that its size does not matter. Throws the error of the file system when read. */
export async function* streamFile(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // Opened within, so that a path that no file system takes (a NUL in it) fails like every other that cannot be read.
  yield* createReadStream(path, { signal });
}
