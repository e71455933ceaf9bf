import { open } from 'node:fs/promises';
import { errorCodeOf } from './files.ts';

/** Beginning and end of a file (UTF-8), which may overlap, and its size in bytes; null when there is none. Every other error is thrown. */
export async function readEnds(
  path: string,
  { headBytes, tailBytes }: { headBytes: number; tailBytes: number },
): Promise<{ head: string; tail: string; size: number } | null> {
  const handle = await open(path, 'r').catch((thrown: unknown) => {
    if (errorCodeOf(thrown) === 'ENOENT' || errorCodeOf(thrown) === 'ENOTDIR') return null;
    throw thrown;
  });
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    const read = async (length: number, position: number): Promise<string> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.toString('utf8', 0, bytesRead);
    };
    const tail = Math.min(tailBytes, size);
    return { head: await read(Math.min(headBytes, size), 0), tail: await read(tail, size - tail), size };
  } finally {
    await handle.close();
  }
}
