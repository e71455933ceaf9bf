import { dirname, isAbsolute, join } from 'node:path';
import { recallPlace } from '../../journal/known-places.ts';
import { listRuns, type ProjectFolder, projectFolder, stateRoot } from '../../journal/state-folder.ts';
import { fileExists, plainFileSize, readTextFile, realDirectory } from '../../system/files.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A project as a hook sees it: found without starting a program and without reading its configuration. */
export type HookPlace = {
  /** Real path of the folder with seatrial.yaml. */
  directory: string;
  stateRoot: string;
  /** Null when no command of seatrial has looked at the project on this machine. */
  state: ProjectFolder | null;
};

/**
 * The project in which an agent works: the nearest folder with a seatrial.yaml, from the agent's folder up to the folder of its session (or
 * the top of the repository). Null when there is none.
 */
export async function findHookPlace(cwd: string | undefined, env: Env): Promise<HookPlace | null> {
  const session = env['CLAUDE_PROJECT_DIR'];
  const starts = [cwd, session].filter((path) => path !== undefined && isAbsolute(path));
  for (const start of starts) {
    const directory = start === undefined ? null : await nearestProject(start, session);
    if (directory !== null) return placeOf(directory, env);
  }
  return null;
}

async function nearestProject(start: string, session: string | undefined): Promise<string | null> {
  for (let directory = start; ; directory = dirname(directory)) {
    if ((await plainFileSize(join(directory, 'seatrial.yaml')).catch(() => null)) !== null) return directory;
    const isTop = directory === session || (await fileExists(join(directory, '.git')).catch(() => false));
    if (isTop || dirname(directory) === directory) return null;
  }
}

async function placeOf(found: string, env: Env): Promise<HookPlace> {
  const directory = await realDirectory(found);
  const root = stateRoot(env);
  // What cannot be read says nothing; the hook is silent about it.
  const projectId = await recallPlace(root, directory).catch(() => null);
  return { directory, stateRoot: root, state: projectId === null ? null : projectFolder(root, projectId) };
}

/** Ids of the newest runs, newest first; none when the state folder cannot be read. */
export async function newestRuns({ state }: HookPlace, most: number): Promise<string[]> {
  if (state === null) return [];
  return (await listRuns(state).catch(() => [])).slice(0, most);
}

/** The branch that is checked out, read as text; null when there is none or it cannot be told. */
export async function branchOf(directory: string): Promise<string | null> {
  for (let top = directory; ; top = dirname(top)) {
    const head = await headOf(join(top, '.git'), top).catch(() => null);
    if (head !== null) return /^ref: refs\/heads\/(.+)$/.exec(head.trim())?.[1] ?? null;
    if (dirname(top) === top) return null;
  }
}

async function headOf(gitDir: string, top: string): Promise<string | null> {
  const plain = await plainFileSize(gitDir);
  if (plain === null) return readTextFile(join(gitDir, 'HEAD'));
  const named = /^gitdir: (.+)$/m.exec((await readTextFile(gitDir)) ?? '')?.[1]?.trim();
  if (named === undefined) return null;
  return readTextFile(join(isAbsolute(named) ? named : join(top, named), 'HEAD'));
}
