import { encodeLine, noLineBefore } from '../../src/journal/journal-line.ts';
import { scanJournal } from '../../src/journal/scan-journal.ts';
import type { RecordedEvent, RunEvent } from '../../src/model/run-event.ts';
import { canonicalJson } from '../../src/system/canonical-json.ts';
import { runId } from '../journal/journal-fixtures.ts';

/** How much of the line that was being written had reached the disk. */
export const tears = ['a byte', 'half', 'all but the line end'] as const;
export type Tear = (typeof tears)[number];

export type TornDisk = {
  /** What the next owner reads; `written` is what the last one had brought to the disk, `torn` what it was writing. */
  reopen(written: readonly RecordedEvent[], torn: RunEvent | null): RecordedEvent[];
  /** Null when the whole file can be read and says just this; otherwise what is wrong. */
  fault(written: readonly RecordedEvent[]): string | null;
};

/** The journal of a simulated run as bytes in the real format, read by the real reader. `cuts`: a torn line is cut away, as it must be. */
export function createTornDisk(tear: Tear, cuts: boolean): TornDisk {
  let bytes = Buffer.alloc(0);
  let known = 0;
  let last = { seq: -1, sum: noLineBefore };
  const encode = (event: RunEvent, atMs: number): ReturnType<typeof encodeLine> =>
    encodeLine({
      ...{ seq: last.seq + 1, prev: last.sum, run: runId, gen: 1, ts: atMs, mono: 0, boot: 'boot' },
      ...{ step: null, idem: null, event },
    });
  const write = (written: readonly RecordedEvent[]): void => {
    const texts = written.slice(known).map(({ seq: _seq, atMs, gen: _gen, ...event }) => {
      const line = encode(event, atMs);
      last = { seq: line.event.seq, sum: line.sum };
      return line.text;
    });
    known = written.length;
    bytes = Buffer.concat([bytes, Buffer.from(texts.join(''))]);
  };
  return {
    reopen: (written, torn) => {
      write(written);
      const whole = bytes.length;
      if (torn !== null) {
        const line = Buffer.from(encode(torn, 0).text);
        bytes = Buffer.concat([bytes, line.subarray(0, lengthOf(tear, line.length))]);
      }
      const scan = scanJournal(bytes);
      if (cuts) bytes = bytes.subarray(0, scan.wholeBytes);
      if (scan.wholeBytes !== whole || scan.damage !== null)
        throw new Error(`${scan.wholeBytes} of ${whole} bytes are whole; ${scan.damage?.reason}`);
      return scan.lines;
    },
    fault: (written) => {
      write(written);
      const { damage, lines } = scanJournal(bytes);
      if (damage !== null) return `line ${damage.line}: ${damage.reason}`;
      return canonicalJson(lines) === canonicalJson(written) ? null : 'it says something else';
    },
  };
}

function lengthOf(tear: Tear, whole: number): number {
  if (tear === 'a byte') return 1;
  return tear === 'half' ? Math.floor(whole / 2) : whole - 1;
}
