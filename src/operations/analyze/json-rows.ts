import { DataMistake } from './data-mistake.ts';
import { neededColumns, type Row, type RowFields, unknownColumn } from './observation.ts';

/** A line above this is no row, and must not fill the memory. */
const longestLine = 16_000_000;

/** Rows of JSON lines: one object a line; blank lines and lines that begin with # are passed over. */
export async function* jsonRows(text: AsyncIterable<string>): AsyncGenerator<Row> {
  let line = 0;
  for await (const content of linesOf(text)) {
    line += 1;
    const trimmed = content.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) yield rowOf(line, trimmed);
  }
}

async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    // Handed on as it is, an endless line comes out as one that is not JSON.
    if (rest.length > longestLine) {
      yield rest;
      return;
    }
  }
  if (rest !== '') yield rest;
}

function rowOf(line: number, text: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    return { line, mistake: new DataMistake(null, `is not JSON: ${shown}; expected one object such as ${example}`) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, mistake: new DataMistake(null, `is no object; expected one such as ${example}`) };
  const fields: RowFields = new Map<string, unknown>(Object.entries(value));
  for (const name of fields.keys()) {
    const mistake = unknownColumn(name);
    if (mistake !== null) return { line, mistake };
  }
  const missing = neededColumns.find((name) => !fields.has(name));
  if (missing !== undefined)
    return { line, mistake: new DataMistake(missing, `is missing; expected an object such as ${example}`) };
  return { line, fields };
}

const example = '{"t":1000,"arm":"canary","n":20,"errors":1}';
