import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export type NotedNumber = {
  /** What was noted last, by whichever process; 0 when nothing that can be read was. */
  read(): Promise<number>;
  /** At once and without sync: it outlives this process, and not the machine. Never throws; the same number again costs nothing. */
  note(value: number): void;
};

/** One number in a file, for whoever comes after a process that was killed. */
export function createNotedNumber(path: string): NotedNumber {
  let last: number | null = null;
  return {
    read: async () => {
      const value = Number(await readFile(path, 'utf8').catch(() => '0'));
      return Number.isSafeInteger(value) && value >= 0 ? value : 0;
    },
    note: (value) => {
      if (value === last) return;
      last = value;
      try {
        writeFileSync(path, String(value), { mode: 0o600 });
      } catch {
        // It is a figure for reports; nothing depends on it.
      }
    },
  };
}
