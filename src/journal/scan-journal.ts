import type { RecordedEvent } from '../model/run-event.ts';
import { type IntactLine, noLineBefore, parseLine } from './journal-line.ts';

export type Damage = { line: number; reason: string };

/** What the bytes of a journal say. */
export type JournalScan = {
  runId: string | null;
  /**
   * Every event whose line is intact, in order. Those behind a damaged place are kept, because the newest things that
   * were recorded (that the run has ended, say) matter most; `damage` says that something between them is missing.
   */
  lines: RecordedEvent[];
  /** The first place that is not as it was written; lines count from 1. */
  damage: Damage | null;
  /** Format version when some line is of a newer one than this program writes. */
  newer: number | null;
  /** The last intact line, which the next one follows; null in an empty journal. */
  last: { seq: number; sum: string; gen: number } | null;
  /** Bytes that belong to whole lines. What is behind them was cut off while it was written and was never acknowledged. */
  wholeBytes: number;
  /** The last line lost its line end to damage: whoever appends begins with one. */
  needsLineEnd: boolean;
};

const lineEnd = 0x0a;

/** Reads a journal, whatever it has become. Never throws. Pure. */
export function scanJournal(bytes: Uint8Array): JournalScan {
  const scan: JournalScan = {
    runId: null,
    lines: [],
    damage: null,
    newer: null,
    last: null,
    wholeBytes: 0,
    needsLineEnd: false,
  };
  let number = 0;
  while (scan.wholeBytes < bytes.length) {
    const end = bytes.indexOf(lineEnd, scan.wholeBytes);
    number += 1;
    if (end === -1) {
      takeTail(scan, bytes, number);
      break;
    }
    takeLine(scan, bytes.subarray(scan.wholeBytes, end), number);
    scan.wholeBytes = end + 1;
  }
  return scan;
}

function takeLine(scan: JournalScan, bytes: Uint8Array, number: number): void {
  const parsed = parseLine(bytes);
  if (!parsed.ok) {
    noteDamage(scan, number, parsed.reason);
    return;
  }
  const { line } = parsed;
  const fault = faultInChain(scan, line);
  if (fault !== null) noteDamage(scan, number, fault);
  if (!canFollow(scan, line)) return;

  scan.runId ??= line.run;
  scan.last = { seq: line.seq, sum: line.sum, gen: line.gen };
  if (line.version > 1) scan.newer = Math.max(scan.newer ?? 0, line.version);
  if (line.event !== null) scan.lines.push(line.event);
  else if (line.version === 1) noteDamage(scan, number, 'its event is of no known kind');
}

/** The end of a file without a line end: cut off in the middle of a write, unless only the line end itself was changed. */
function takeTail(scan: JournalScan, bytes: Uint8Array, number: number): void {
  const tail = bytes.subarray(scan.wholeBytes);
  if (!parseLine(tail.subarray(0, -1)).ok) return;
  takeLine(scan, tail.subarray(0, -1), number);
  noteDamage(scan, number, 'its line end was changed');
  scan.wholeBytes = bytes.length;
  scan.needsLineEnd = true;
}

function faultInChain(scan: JournalScan, line: IntactLine): string | null {
  if (scan.runId !== null && line.run !== scan.runId) return `it belongs to run ${line.run}`;
  const expected = scan.last ?? { seq: -1, sum: noLineBefore, gen: 0 };
  if (line.seq !== expected.seq + 1) return `it is number ${line.seq} where ${expected.seq + 1} was expected`;
  if (line.prev !== expected.sum) return 'it does not follow the line before it';
  if (line.gen < expected.gen)
    return `its writer (generation ${line.gen}) had lost the lock to generation ${expected.gen}`;
  return null;
}

function canFollow(scan: JournalScan, line: IntactLine): boolean {
  if (scan.runId !== null && line.run !== scan.runId) return false;
  return scan.last === null || (line.seq > scan.last.seq && line.gen >= scan.last.gen);
}

function noteDamage(scan: JournalScan, line: number, reason: string): void {
  scan.damage ??= { line, reason };
}
