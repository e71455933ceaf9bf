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
  return observations;
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
