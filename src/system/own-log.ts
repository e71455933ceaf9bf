import { emitText } from '../model/redaction/emit.ts';

/** One line of a detached process for its log file, which is its standard error. */
export function writeOwnLog(line: string): void {
  process.stderr.write(emitText(`${line}\n`));
}
