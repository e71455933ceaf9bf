import { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import { DataMistake } from './data-mistake.ts';
import { neededColumns, type Row, unknownColumn } from './observation.ts';

const mostRecordBytes = 16_000_000;

/**
 * Rows of CSV (RFC 4180) below a header line; separated by comma, semicolon or tab, whichever the header has. Lines that
 * begin with # are passed over.
 */
export async function* csvRows(text: AsyncGenerator<string>): AsyncGenerator<Row> {
  const { delimiter, all } = await findDelimiter(text);
  const parser = Readable.from(all).pipe(
    parse({
      info: true,
      comment: '#',
      comment_no_infix: true,
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: mostRecordBytes,
    }),
  );
  let header: string[] | null = null;
  let line = 0;
  try {
    for await (const read of parser) {
      const { record, info }: { record: string[]; info: Info } = read;
      line = info.lines;
      if (header !== null) {
        yield rowOf(header, record, line);
        continue;
      }
      header = record.map((name) => name.trim().toLowerCase());
      const mistake = mistakeOfHeader(header);
      if (mistake === null) continue;
      yield { line, mistake };
      return;
    }
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    yield { line: line + 1, mistake: new DataMistake(null, `is not CSV: ${thrown.message}`) };
  } finally {
    parser.destroy();
  }
}

/** The separator that the header line uses most, and the text again from its beginning. */
async function findDelimiter(
  text: AsyncGenerator<string>,
): Promise<{ delimiter: string; all: AsyncGenerator<string> }> {
  let head = '';
  let header: string | undefined;
  for (let part = await text.next(); !part.done; part = await text.next()) {
    head += part.value;
    header = /^(?:\s*#[^\n]*\n|\s)*([^\s#][^\n]*)\n/.exec(head)?.[1];
    if (header !== undefined || head.length > mostRecordBytes) break;
  }
  const counts = [',', ';', '\t'].map((delimiter) => ({
    delimiter,
    count: (header ?? head).split(delimiter).length,
  }));
  const best = counts.reduce((most, one) => (one.count > most.count ? one : most));
  return { delimiter: best.delimiter, all: rejoin(head, text) };
}

async function* rejoin(head: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

function mistakeOfHeader(header: readonly string[]): DataMistake | null {
  const missing = neededColumns.filter((name) => !header.includes(name));
  if (missing.length === neededColumns.length)
    return new DataMistake(null, 'is no header; expected column names, such as t,arm,n,errors');
  for (const name of header) {
    const mistake = unknownColumn(name);
    if (mistake !== null) return mistake;
  }
  const [first] = missing;
  if (first !== undefined)
    return new DataMistake(first, `is missing from the header; expected ${neededColumns.join(', ')}`);
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  return twice === undefined ? null : new DataMistake(twice, 'stands in the header twice; expected it once');
}

function rowOf(header: readonly string[], record: readonly string[], line: number): Row {
  if (record.length !== header.length) {
    const reason = `has ${record.length} fields; expected ${header.length} (${header.join(', ')}); quote a field that has separators in it`;
    return { line, mistake: new DataMistake(null, reason) };
  }
  return { line, fields: new Map(header.map((name, index) => [name, record[index]])) };
}
