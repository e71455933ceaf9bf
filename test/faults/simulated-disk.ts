import { dirname } from 'node:path';

/** Everything that lies on it lies below this path; all other paths are the real file system's. */
export const diskRoot = '/simulated-disk';

/** Code of the error that ends everything a killed process does. */
export const killed = 'KILLED';

const sectorBytes = 512;

type Pending =
  | { kind: 'write'; at: number; bytes: Uint8Array }
  /** The size as the system had it after a write or a cut. */
  | { kind: 'size'; bytes: number };

type FileNode = {
  kind: 'file';
  /** As every process sees it. */
  content: Uint8Array;
  /** As it is after a crash when nothing of `pending` reached the disk. */
  durable: Uint8Array;
  pending: Pending[];
};
type DirectoryNode = {
  kind: 'directory';
  entries: Map<string, Node>;
  durable: Map<string, Node>;
  /** Changes of names, in order; each takes effect as a whole or not at all. */
  pending: Array<ReadonlyArray<{ name: string; node: Node | null }>>;
};
type Node = FileNode | DirectoryNode;

/** What is wrong with the disk on purpose, to see that the proof notices. */
export type DiskFault = {
  /** Syncs that say that they are done and are not. */
  lies?: 'file-sync' | 'directory-sync';
  /** Called before each act (`write`, `sync`, `open` …); may throw an error of the system. A sync that fails loses what it was to bring to the disk, as Linux does. */
  onAct?: (act: string, path: string) => void;
};

/**
 * A file system as the strictest reading of POSIX has it: what was written is seen by every process at once and is on the disk only
 * after a sync of the file, and a name only after a sync of its folder. `crash` says what may be there afterwards: of the writes that
 * were not synced any subset of sectors, of the sizes any, of the changes of names any subset.
 */
export class SimulatedDisk {
  readonly root: DirectoryNode;
  fault: DiskFault = {};
  /** Called after every act that a crash could follow. */
  onChange: () => void = () => undefined;

  constructor() {
    this.root = this.createDirectory();
  }

  createFile(content: Uint8Array = new Uint8Array()): FileNode {
    return { kind: 'file', content, durable: content, pending: [] };
  }

  createDirectory(): DirectoryNode {
    return { kind: 'directory', entries: new Map(), durable: new Map(), pending: [] };
  }

  find(path: string): Node | null {
    let node: Node = this.root;
    for (const part of partsOf(path)) {
      if (node.kind !== 'directory') throw systemError('ENOTDIR', path);
      const next: Node | undefined = node.entries.get(part);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  directoryOf(path: string): DirectoryNode {
    const node = this.find(dirname(path));
    if (node === null) throw systemError('ENOENT', path);
    if (node.kind !== 'directory') throw systemError('ENOTDIR', path);
    return node;
  }

  /** Changes names of one folder as one act. */
  rename(directory: DirectoryNode, changes: ReadonlyArray<{ name: string; node: Node | null }>): void {
    for (const { name, node } of changes) {
      if (node === null) directory.entries.delete(name);
      else directory.entries.set(name, node);
    }
    directory.pending.push(changes);
    this.onChange();
  }

  /** All of the bytes, or the first `taken`, at a place of a file. */
  write(file: FileNode, at: number, bytes: Uint8Array): void {
    const grown = new Uint8Array(Math.max(file.content.length, at + bytes.length));
    grown.set(file.content);
    grown.set(bytes, at);
    file.content = grown;
    file.pending.push({ kind: 'write', at, bytes: bytes.slice() }, { kind: 'size', bytes: grown.length });
    this.onChange();
  }

  truncate(file: FileNode, bytes: number): void {
    const cut = new Uint8Array(bytes);
    cut.set(file.content.subarray(0, bytes));
    file.content = cut;
    file.pending.push({ kind: 'size', bytes });
    this.onChange();
  }

  sync(node: Node, path: string): void {
    const lies = node.kind === 'file' ? 'file-sync' : 'directory-sync';
    try {
      this.fault.onAct?.('sync', path);
    } catch (thrown) {
      // What could not be written is taken for clean from now on: no later sync tries again.
      const dead = thrown instanceof Error && 'code' in thrown && thrown.code === killed;
      if (node.kind === 'file' && !dead) node.pending = node.pending.filter(({ kind }) => kind === 'size');
      throw thrown;
    }
    if (this.fault.lies !== lies) bringToDisk(node);
    this.onChange();
  }

  /** The same disk when only a process was killed: what it had written is still with the system, and not on the disk. */
  survive(): SimulatedDisk {
    const after = new SimulatedDisk();
    const known = new Map<Node, Node>();
    const copy = (node: Node): Node => {
      const done = known.get(node);
      if (done !== undefined) return done;
      if (node.kind === 'file') {
        const file: FileNode = { ...node, pending: [...node.pending] };
        known.set(node, file);
        return file;
      }
      const made = after.createDirectory();
      known.set(node, made);
      fill(node, made);
      return made;
    };
    const fill = (from: DirectoryNode, to: DirectoryNode): void => {
      for (const [name, node] of from.entries) to.entries.set(name, copy(node));
      for (const [name, node] of from.durable) to.durable.set(name, copy(node));
      to.pending = from.pending.map((changes) =>
        changes.map(({ name, node }) => ({ name, node: node === null ? null : copy(node) })),
      );
    };
    fill(this.root, after.root);
    return after;
  }

  /** The disk as it may be found after the power went; `draw` gives a number from 0 up to 1 for each thing that may or may not have got there. */
  crash(draw: () => number): SimulatedDisk {
    const after = new SimulatedDisk();
    const known = new Map<Node, Node>();
    copyInto(after, this.root, { draw, known, to: after.root });
    return after;
  }
}

type Copying = { draw: () => number; known: Map<Node, Node>; to: DirectoryNode };

function copyInto(after: SimulatedDisk, from: DirectoryNode, { draw, known, to }: Copying): void {
  const names = new Map(from.durable);
  const all = draw() < 0.2;
  for (const changes of from.pending) {
    if (!all && draw() < 0.5) continue;
    for (const { name, node } of changes) {
      if (node === null) names.delete(name);
      else names.set(name, node);
    }
  }
  for (const [name, node] of names) {
    let copy = known.get(node);
    if (copy === undefined) {
      if (node.kind === 'file') copy = after.createFile(survivingBytes(node, draw));
      else {
        copy = after.createDirectory();
        copyInto(after, node, { draw, known, to: copy });
      }
      known.set(node, copy);
    }
    to.entries.set(name, copy);
    to.durable.set(name, copy);
  }
}

/** Any of the sizes that the file had, and each sector of a write on its own. */
function survivingBytes({ durable, pending }: FileNode, draw: () => number): Uint8Array {
  if (pending.length === 0) return durable;
  const sizes = [durable.length, ...pending.flatMap((one) => (one.kind === 'size' ? [one.bytes] : []))];
  const chosen = Math.floor(draw() * (sizes.length + 1));
  const size = sizes[Math.min(chosen, sizes.length - 1)] ?? durable.length;
  const torn = draw() < 0.3 ? Math.floor(draw() * (size + 1)) : size;
  // A file that grew and was cut short in between has any length there.
  const bytes = new Uint8Array(Math.max(durable.length <= size ? durable.length : size, torn));
  bytes.set(durable.subarray(0, bytes.length));
  const keepsAll = draw() < 0.25;
  for (const one of pending) {
    if (one.kind !== 'write') continue;
    for (let start = one.at; start < one.at + one.bytes.length; ) {
      const end = Math.min(
        one.at + one.bytes.length,
        (Math.floor(start / sectorBytes) + 1) * sectorBytes,
        bytes.length,
      );
      if (end <= start) break;
      if (keepsAll || draw() < 0.5) bytes.set(one.bytes.subarray(start - one.at, end - one.at), start);
      start = end;
    }
  }
  return bytes;
}

function bringToDisk(node: Node): void {
  if (node.kind === 'file') {
    // A write that an earlier sync lost is not in `pending` any more and does not come back.
    node.durable = replay(node);
    node.pending = [];
    return;
  }
  for (const changes of node.pending)
    for (const { name, node: named } of changes) {
      if (named === null) node.durable.delete(name);
      else node.durable.set(name, named);
    }
  node.pending = [];
}

function replay({ durable, pending }: FileNode): Uint8Array {
  let bytes = durable;
  for (const one of pending) {
    const size = one.kind === 'size' ? one.bytes : Math.max(bytes.length, one.at + one.bytes.length);
    if (size !== bytes.length) {
      const next = new Uint8Array(size);
      next.set(bytes.subarray(0, size));
      bytes = next;
    } else if (one.kind === 'write') bytes = bytes.slice();
    if (one.kind === 'write') bytes.set(one.bytes, one.at);
  }
  return bytes;
}

function partsOf(path: string): string[] {
  return path
    .slice(diskRoot.length)
    .split('/')
    .filter((part) => part !== '');
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code });
}

export type { DirectoryNode, FileNode, Node };
