import type { DirectoryNode, FileNode, Node, SimulatedDisk } from './simulated-disk.ts';
import { diskRoot, systemError } from './simulated-disk.ts';

/** The functions of `node:fs/promises` that the journal, the lock and the plan store use, on a simulated disk. */
export type SimulatedFiles = { disk: SimulatedDisk | null } & ReturnType<typeof createFunctions>;

/** A write that the system took only a part of before it failed. */
export class PartialWrite extends Error {
  readonly taken: number;
  readonly code: string;
  constructor(code: string, taken: number) {
    super(`${code}: simulated`);
    this.code = code;
    this.taken = taken;
  }
}

export function isSimulated(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith(diskRoot);
}

/** `current` says on which disk a process finds itself at this moment. */
export function createFunctions(current: () => SimulatedDisk) {
  const act = (name: string, path: string): SimulatedDisk => {
    const disk = current();
    disk.fault.onAct?.(name, path);
    return disk;
  };
  const existing = (disk: SimulatedDisk, path: string): Node => {
    const node = disk.find(path);
    if (node === null) throw systemError('ENOENT', path);
    return node;
  };
  return {
    open: async (path: string, flags: string | number = 'r') => {
      const disk = act('open', path);
      const creates = flags === 'wx' || flags === 'a' || flags === 'w';
      let node = disk.find(path);
      if (node !== null && flags === 'wx') throw systemError('EEXIST', path);
      if (node === null) {
        if (!creates) throw systemError('ENOENT', path);
        node = disk.createFile();
        disk.rename(disk.directoryOf(path), [{ name: nameOf(path), node }]);
      }
      return createHandle({ disk, node, path, appends: flags === 'a' });
    },
    rename: async (from: string, to: string) => {
      const disk = act('rename', to);
      const node = existing(disk, from);
      const [source, target] = [disk.directoryOf(from), disk.directoryOf(to)];
      if (source !== target) throw systemError('EXDEV', to);
      disk.rename(target, [
        { name: nameOf(from), node: null },
        { name: nameOf(to), node },
      ]);
    },
    link: async (from: string, to: string) => {
      const disk = act('link', to);
      const node = existing(disk, from);
      if (disk.find(to) !== null) throw systemError('EEXIST', to);
      disk.rename(disk.directoryOf(to), [{ name: nameOf(to), node }]);
    },
    unlink: async (path: string) => {
      const disk = act('unlink', path);
      existing(disk, path);
      disk.rename(disk.directoryOf(path), [{ name: nameOf(path), node: null }]);
    },
    mkdir: async (path: string) => {
      const disk = act('mkdir', path);
      const parent = path === diskRoot ? null : disk.directoryOf(path);
      if (parent === null || parent.entries.has(nameOf(path))) throw systemError('EEXIST', path);
      disk.rename(parent, [{ name: nameOf(path), node: disk.createDirectory() }]);
    },
    readdir: async (path: string) => {
      const node = existing(current(), path);
      if (node.kind === 'file') throw systemError('ENOTDIR', path);
      return [...node.entries.keys()];
    },
    readFile: async (path: string, encoding?: string) => {
      const node = existing(current(), path);
      if (node.kind === 'directory') throw systemError('EISDIR', path);
      return encoding === 'utf8' ? Buffer.from(node.content).toString('utf8') : Buffer.from(node.content);
    },
    stat: async (path: string) => statOf(current(), existing(current(), path)),
    lstat: async (path: string) => statOf(current(), existing(current(), path)),
    realpath: async (path: string) => path,
    chmod: async () => undefined,
  };
}

function createHandle(opened: { disk: SimulatedDisk; node: Node; path: string; appends: boolean }) {
  const { disk, node, path, appends } = opened;
  let position = 0;
  const file = (): FileNode => {
    if (node.kind === 'directory') throw systemError('EISDIR', path);
    return node;
  };
  return {
    write: async (bytes: Uint8Array, offset = 0, length = bytes.length - offset, at: number | null = null) => {
      const into = file();
      const place = appends ? into.content.length : (at ?? position);
      const given = bytes.subarray(offset, offset + length);
      try {
        disk.fault.onAct?.('write', path);
      } catch (thrown) {
        if (thrown instanceof PartialWrite) disk.write(into, place, given.subarray(0, thrown.taken));
        throw thrown;
      }
      disk.write(into, place, given);
      position = place + length;
      return { bytesWritten: length };
    },
    sync: async () => disk.sync(node, path),
    datasync: async () => disk.sync(node, path),
    truncate: async (bytes: number) => {
      disk.fault.onAct?.('truncate', path);
      disk.truncate(file(), bytes);
    },
    stat: async () => statOf(disk, node),
    utimes: async () => undefined,
    close: async () => undefined,
  };
}

function statOf(disk: SimulatedDisk, node: Node) {
  return {
    isFile: () => node.kind === 'file',
    isDirectory: () => node.kind === 'directory',
    isSymbolicLink: () => false,
    uid: process.getuid?.() ?? 0,
    mode: node.kind === 'file' ? 0o600 : 0o700,
    size: node.kind === 'file' ? node.content.length : 0,
    nlink: countNames(disk.root, node),
    mtimeMs: 0,
  };
}

function countNames(directory: DirectoryNode, wanted: Node): number {
  let count = 0;
  for (const node of directory.entries.values()) {
    if (node === wanted) count += 1;
    if (node.kind === 'directory') count += countNames(node, wanted);
  }
  return count;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
