import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory, writeFully } from './files.ts';

/** A file that only grows. After the first error of `append` or `sync` the caller must not use it again. */
export interface AppendFile {
  /** All bytes are with the system, at the end of the file. */
  append(bytes: Uint8Array): Promise<void>;
  /** All bytes so far are on the disk. */
  sync(): Promise<void>;
  /** Cuts the file to its first `bytes` bytes; durable. */
  truncate(bytes: number): Promise<void>;
  /** Size as the system has it, and whether the file is still reachable by a name. */
  look(): Promise<{ bytes: number; named: boolean }>;
  close(): Promise<void>;
}

/**
 * Opens a file for appending (created 0600 when missing, its name then durable). Nothing is retried anywhere here: after
 * a failed write or sync nobody knows what the disk holds, and a second sync would claim what the first one lost.
 */
export async function openAppendFile(path: string): Promise<AppendFile> {
  const handle = await open(path, 'a', 0o600);
  await syncDirectory(dirname(path));
  return {
    append: (bytes) => writeFully(handle, bytes),
    sync: () => handle.datasync(),
    truncate: async (bytes) => {
      await handle.truncate(bytes);
      await handle.sync();
    },
    look: async () => {
      const found = await handle.stat();
      return { bytes: found.size, named: found.nlink > 0 };
    },
    close: () => handle.close(),
  };
}

/**
 * Writes the same bytes over the beginning of a file, and syncs them. After a sync that failed the system shows what it has not
 * brought to the disk and takes it for written: whoever goes on with a file that another process left must not believe it.
 */
export async function rewriteSame(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await writeFully(handle, bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
