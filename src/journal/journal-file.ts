import { randomBytes } from 'node:crypto';
import { DeployError } from '../model/deploy-error.ts';
import type { AppendFile } from '../system/durable-append.ts';
import { errorCodeOf, fileExists, removeFile, writeFileAtomic } from '../system/files.ts';

/** Room that is kept free beside a journal for the lines of a rollback on a full disk. */
export const reserveBytes = 64 * 1024;

export type JournalFileOptions = {
  file: string;
  runId: string;
  opened: AppendFile;
  openFile: (path: string) => Promise<AppendFile>;
  /** Size of the file; when it has another one, someone else has written to it. */
  bytes: number;
};

export type WriteOptions = {
  durable: boolean;
  /** These bytes may use the room of the reserve. */
  mayUseReserve: boolean;
};

/**
 * The bytes of a journal. A descriptor is never used again after an error on it: nobody knows what it has brought to the
 * disk. On a full disk the reserve is given back once and the file opened anew, for those bytes that may use it.
 */
export class JournalFile {
  private readonly options: JournalFileOptions;
  private current: AppendFile | null;
  private bytes: number;
  private broken: DeployError | null = null;

  constructor(options: JournalFileOptions) {
    this.options = options;
    this.current = options.opened;
    this.bytes = options.bytes;
  }

  /** All or nothing, as far as readers and the next write see. Throws JOURNAL_UNWRITABLE, LOCK_LOST. */
  async write(text: Uint8Array, how: WriteOptions): Promise<void> {
    const opened = await this.assertOurs();
    const writing = await this.append(opened, text, how);
    if (how.durable) await this.attempt(() => writing.sync());
    this.bytes += text.length;
  }

  async close(): Promise<void> {
    this.broken ??= this.unwritable('it is closed');
    await this.current?.close().catch(() => undefined);
    this.current = null;
  }

  private async assertOurs(): Promise<AppendFile> {
    const { current } = this;
    if (this.broken !== null || current === null) throw this.broken ?? this.unwritable('it is closed');
    const found = await this.attempt(() => current.look());
    if (!found.named) throw await this.abandon(this.unwritable('the file was removed'));
    if (found.bytes !== this.bytes) throw await this.abandon(new DeployError('LOCK_LOST', { generation: 'unknown' }));
    return current;
  }

  private async append(opened: AppendFile, text: Uint8Array, how: WriteOptions): Promise<AppendFile> {
    try {
      await opened.append(text);
      return opened;
    } catch (thrown) {
      const error = await this.abandon(this.unwritable(reasonOf(thrown), thrown));
      const fresh = isDiskFull(thrown) ? await this.openOnReserve() : null;
      if (fresh === null || !how.mayUseReserve) throw error;
      await this.attempt(() => fresh.append(text));
      return fresh;
    }
  }

  /** Gives the reserve back, opens the file anew and cuts away what was half written; null when that does not help. */
  private async openOnReserve(): Promise<AppendFile | null> {
    const { file, openFile } = this.options;
    try {
      if (!(await releaseReserve(file))) return null;
      const fresh = await openFile(file);
      this.current = fresh;
      await fresh.truncate(this.bytes);
      this.broken = null;
      return fresh;
    } catch (thrown) {
      await this.abandon(this.unwritable(reasonOf(thrown), thrown));
      return null;
    }
  }

  private async attempt<Value>(act: () => Promise<Value>): Promise<Value> {
    try {
      return await act();
    } catch (thrown) {
      throw await this.abandon(this.unwritable(reasonOf(thrown), thrown));
    }
  }

  private async abandon(error: DeployError): Promise<DeployError> {
    this.broken = error;
    await this.current?.close().catch(() => undefined);
    this.current = null;
    return error;
  }

  private unwritable(reason: string, cause?: unknown): DeployError {
    return new DeployError('JOURNAL_UNWRITABLE', { runId: this.options.runId, path: this.options.file, reason }, cause);
  }
}

/** Room is kept. Throws the error of the file system. */
export async function keepReserve(file: string): Promise<void> {
  // Random, so that no file system compresses it to nothing.
  if (!(await hasReserve(file))) await writeFileAtomic(reserveOf(file), randomBytes(reserveBytes));
}

export async function hasReserve(file: string): Promise<boolean> {
  return fileExists(reserveOf(file));
}

/** False when there was nothing to release. */
export async function releaseReserve(file: string): Promise<boolean> {
  if (!(await hasReserve(file))) return false;
  await removeFile(reserveOf(file));
  return true;
}

function reserveOf(file: string): string {
  return `${file}.reserve`;
}

function isDiskFull(thrown: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCodeOf(thrown) ?? '');
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
