import { invalidData } from './data-mistake.ts';

/**
 * The text (UTF-8) of a stream and its first character that is no white space or part of a comment line. Throws
 * DATA_INVALID for what is no text: a binary or compressed file, another encoding, nothing at all.
 */
export async function decodeText(
  bytes: AsyncIterable<Uint8Array>,
  source: string,
): Promise<{ first: string; text: AsyncGenerator<string> }> {
  const chunks = decodeChunks(bytes, source);
  const head: string[] = [];
  for (let part = await chunks.next(); !part.done; part = await chunks.next()) {
    head.push(part.value);
    const first = firstCharacter(head.join(''));
    if (first === '[')
      throw invalidData(source, [
        'line 1: it is a JSON list; expected JSON lines, one object a line (`jq -c ".[]"` makes them) or CSV',
      ]);
    if (first !== null) return { first, text: rejoin(head.join(''), chunks) };
  }
  throw invalidData(source, ['it is empty; expected a header line such as t,arm,n,errors and rows, or JSON lines']);
}

async function* decodeChunks(bytes: AsyncIterable<Uint8Array>, source: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let seen = 0;
  for await (const chunk of bytes) {
    if (seen === 0) refuseKnownFormats(chunk, source);
    // A NUL is valid UTF-8, and no text has one.
    const nul = chunk.indexOf(0);
    if (nul !== -1)
      throw invalidData(source, [`byte ${seen + nul}: it is a binary file; expected CSV or JSON lines as text`]);
    seen += chunk.length;
    yield decode(() => decoder.decode(chunk, { stream: true }), source);
  }
  yield decode(() => decoder.decode(), source);
}

function refuseKnownFormats(head: Uint8Array, source: string): void {
  const [a, b] = head;
  if (a === 0x1f && b === 0x8b)
    throw invalidData(source, ['it is compressed (gzip); expected text: `gunzip -c file | seatrial analyze -`']);
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    throw invalidData(source, ['it is UTF-16; expected UTF-8 (`iconv -f utf-16 -t utf-8` makes it)']);
}

function decode(run: () => string, source: string): string {
  try {
    return run();
  } catch {
    throw invalidData(source, ['it is a binary file or in another encoding; expected CSV or JSON lines in UTF-8']);
  }
}

function firstCharacter(text: string): string | null {
  return /^(?:\s*#[^\n]*\n|\s)*([^\s#])/.exec(text)?.[1] ?? null;
}

async function* rejoin(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}
