import { csvRows } from './csv-rows.ts';
import { DataMistake, invalidData, mostMistakes } from './data-mistake.ts';
import { decodeText } from './decode-text.ts';
import { jsonRows } from './json-rows.ts';
import { parseObservation } from './observation.ts';
import { createRecorder, type Observations } from './observations.ts';

/**
 * Recorded traffic from CSV or JSON lines, read once and never held as text. Throws DATA_INVALID, which names line and
 * column of the first mistakes.
 */
export async function readObservations(bytes: AsyncIterable<Uint8Array>, source: string): Promise<Observations> {
  const recorder = createRecorder();
  const mistakes: string[] = [];
  let rows = 0;
  const { first, text } = await decodeText(bytes, source);
  for await (const row of first === '{' ? jsonRows(text) : csvRows(text)) {
    rows += 1;
    try {
      if ('mistake' in row) throw row.mistake;
      recorder.add(parseObservation(row.fields));
    } catch (thrown) {
      if (!(thrown instanceof DataMistake)) throw thrown;
      mistakes.push(placeOf(row.line, thrown));
      if (mistakes.length === mostMistakes) break;
    }
  }
  if (mistakes.length > 0) throw invalidData(source, mistakes);
  const observations = recorder.finish();
  assertBothArms(observations, source, rows);
  assertMilliseconds(observations, source);
  return observations;
}

/** Unix seconds that stand in this range are the years 2001 to 2033. */
const unixSeconds = { from: 1e9, to: 2e9 };
/** Unix milliseconds end here, some 30,000 years from now; what is above are micro- or nanoseconds. */
const unixMsAtMost = 1e15;
/** More requests per ms than any recorded service has. */
const requestsPerMsAtMost = 50;

/** Times in another unit would be judged without a word, and wrongly. */
function assertMilliseconds({ baseline, canary }: Observations, source: string): void {
  const first = Math.min(baseline.tMs.at(0), canary.tMs.at(0));
  const last = Math.max(baseline.tMs.at(baseline.tMs.length - 1), canary.tMs.at(canary.tMs.length - 1));
  const requests = sumOf(baseline.requests) + sumOf(canary.requests);
  const tooDense = last > first && requests / (last - first) > requestsPerMsAtMost;
  if ((first >= unixSeconds.from && last <= unixSeconds.to) || tooDense)
    throw invalidData(source, [`t from ${first} to ${last} looks like seconds; expected ms: multiply by 1000`]);
  if (last >= unixMsAtMost)
    throw invalidData(source, [`t up to ${last} looks like micro- or nanoseconds; expected ms: divide`]);
}

function sumOf(column: Observations['canary']['requests']): number {
  let sum = 0;
  for (let index = 0; index < column.length; index += 1) sum += column.at(index);
  return sum;
}

function placeOf(line: number, mistake: DataMistake): string {
  return `line ${line}${mistake.column === null ? '' : `, column ${mistake.column}`}: ${mistake.message}`;
}

function assertBothArms(observations: Observations, source: string, rows: number): void {
  if (rows === 0) throw invalidData(source, ['it has no rows; expected rows of both arms']);
  for (const arm of ['canary', 'baseline'] as const) {
    const other = arm === 'canary' ? 'baseline' : 'canary';
    if (observations[arm].tMs.length === 0)
      throw invalidData(source, [`it has no ${arm} rows; a ${other} can only be judged against a ${arm}`]);
  }
}
