import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';

export type NotedNumber = {
  /** What was noted last, by whichever process; 0 when nothing that can be read was. */
  read(): Promise<number>;
  /** Soon and without sync: it outlives this process, and not the machine. Never throws, and nobody waits for it. */
  note(value: number): void;
  /** What was noted is in the file. */
  close(): Promise<void>;
};

/** So many characters always, so that no older digit is left behind. */
const width = 12;

/** One number in a file, for whoever comes after a process that was killed. A slow disk delays the number and nothing else. */
export function createNotedNumber(path: string): NotedNumber {
  let [wanted, written] = [-1, -1];
  let handle: FileHandle | null = null;
  let writing = Promise.resolve();
  let waiting = false;
  const write = async (): Promise<void> => {
    waiting = false;
    if (wanted === written) return;
    handle ??= await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    written = wanted;
    await handle.write(String(written).padStart(width), 0);
  };
  return {
    read: async () => {
      const value = Number(await readFile(path, 'utf8').catch(() => '0'));
      return Number.isSafeInteger(value) && value >= 0 ? value : 0;
    },
    note: (value) => {
      if (value === wanted) return;
      wanted = value;
      // It is a figure for reports; nothing depends on it. What is noted while it is being written is written next.
      if (waiting) return;
      waiting = true;
      writing = writing.then(write).catch(() => undefined);
    },
    close: async () => {
      await writing;
      await write().catch(() => undefined);
      await handle?.close().catch(() => undefined);
    },
  };
}
