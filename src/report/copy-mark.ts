/** SHA-256 (hex) of a text. */
type Hash = (text: string) => string;

/** A document with a last line that tells of which run it is a copy, and what it was like. Pure. */
export function withCopyMark(text: string, runId: string, hash: Hash): string {
  const body = `${text.trimEnd()}\n`;
  return `${body}\n<!-- seatrial: copy, run ${runId}, ${sumOf(body, hash)} -->\n`;
}

/** Whether a file is such a copy and nobody has changed it; line ends may have been changed by git. Pure. */
export function isCopyIntact(file: string, hash: Hash): boolean {
  const text = file.replaceAll('\r\n', '\n');
  const mark = /\n<!-- seatrial: copy, run [0-9A-Za-z-]+, ([0-9a-f]{16}) -->\n*$/.exec(text);
  return mark !== null && sumOf(text.slice(0, mark.index), hash) === mark[1];
}

function sumOf(body: string, hash: Hash): string {
  return hash(body).slice(0, 16);
}
