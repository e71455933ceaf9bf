import type { Readable } from 'node:stream';

/** A command with a large file in it has some hundred thousand bytes. */
const longestInput = 4_000_000;
/** Whoever starts a hook writes at once. */
const patienceMs = 2_000;

/** All of standard input (UTF-8); null when it is too long, does not end, or cannot be read. */
export async function readHookInput(stream: Readable): Promise<string | null> {
  const timer = setTimeout(() => stream.destroy(new Error('standard input does not end')), patienceMs);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      length += bytes.length;
      if (length > longestInput) return null;
      chunks.push(bytes);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
