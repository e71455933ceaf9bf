import { readJsonFile, writeFileAtomic } from '../../system/files.ts';
import { type HostState, hostStateSchema } from './host-state.ts';

/** The state file: one write at a time, and never an older state over a newer one. */
export class HostStore {
  readonly #path: string;
  readonly #snapshot: () => HostState;
  #writing: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(path: string, snapshot: () => HostState) {
    this.#path = path;
    this.#snapshot = snapshot;
  }

  /** Durable when it resolves: the state at this moment or a later one. Throws the error of the file system. */
  save(): Promise<void> {
    if (this.#next !== null) return this.#next;
    if (this.#writing === null) {
      this.#writing = this.#write();
      return this.#writing;
    }
    // The write that is going on may have taken its picture already; all who ask now share the one after it.
    this.#next = this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    try {
      await writeFileAtomic(this.#path, `${JSON.stringify(this.#snapshot())}\n`, { mode: 0o600 });
    } finally {
      this.#writing = null;
    }
  }
}

/** The state that a host wrote last, or null when there never was one. Throws FILE_DAMAGED. */
export function readHostState(path: string): Promise<HostState | null> {
  return readJsonFile(path, hostStateSchema);
}
