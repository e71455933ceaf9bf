import { join, relative } from 'node:path';
import { configFile, type LoadedConfig, loadConfig, parseConfig } from '../config/load-config.ts';
import {
  listRuns,
  type ProjectFolder,
  projectFolder,
  projectIdOf,
  runFolder,
  stateRoot,
} from '../journal/state-folder.ts';
import { fileExists, readTextFile, realDirectory } from '../system/files.ts';
import { openRepository, type Repository } from '../system/git.ts';
import { hasEnrolledApprover } from './approver-list.ts';

/** A user's project as every operation sees it. */
export type Project = LoadedConfig & {
  /** Real path of the folder with seatrial.yaml. */
  directory: string;
  /** Null when the folder is in no git repository; revisions then come from folders. */
  repository: Repository | null;
  projectId: string;
  /** Where plans, approvals and runs lie, outside the project. */
  state: ProjectFolder;
  stateRoot: string;
  /** An approver's key is enrolled for this user, which the default approval follows. */
  enrolled: boolean;
};

/** A project as far as it can be known without reading its configuration. */
export type ProjectPlace = Pick<Project, 'directory' | 'repository' | 'projectId' | 'state' | 'stateRoot' | 'enrolled'>;

/** Reads the project in `directory`. Throws CONFIG_* errors. */
export async function openProject(directory: string): Promise<Project> {
  const loaded = await loadConfig(directory);
  return { ...(await locateProject(directory)), ...loaded };
}

/**
 * The project as it was when a run began: whatever somebody does to seatrial.yaml in the middle, the run goes on, and
 * back, with the settings that were approved. Falls back to the present file for runs that kept none.
 */
export async function openProjectOfRun(place: ProjectPlace, runId: string): Promise<Project> {
  const text = await readTextFile(runFolder(place.state, runId).config);
  if (text === null) return { ...place, ...(await loadConfig(place.directory)) };
  return { ...place, ...parseConfig(text), configPath: join(place.directory, configFile), text };
}

/** The project; where its configuration cannot be used, with the one of its newest run. Throws CONFIG_* when there was none. */
export async function openProjectOrLast(directory: string): Promise<Project> {
  const place = await locateProject(directory);
  try {
    return { ...place, ...(await loadConfig(place.directory)) };
  } catch (thrown) {
    const [newest] = await listRuns(place.state);
    if (newest === undefined || !(await fileExists(runFolder(place.state, newest).config))) throw thrown;
    return openProjectOfRun(place, newest);
  }
}

/** Where a project's runs lie. Throws FILE_REFUSED when there is no such folder. */
export async function locateProject(directory: string): Promise<ProjectPlace> {
  const real = await realDirectory(directory);
  const root = stateRoot(process.env);
  const repository = await openRepository(real, join(root, 'repositories')).catch(() => null);
  const rootCommit = (await repository?.rootCommit()) ?? null;
  const configPath =
    rootCommit === null || repository === null
      ? join(real, configFile)
      : relative(repository.directory, join(real, configFile));
  const projectId = projectIdOf({ rootCommit: rootCommit ?? 'none', configPath });
  const enrolled = await hasEnrolledApprover();
  return { directory: real, repository, projectId, state: projectFolder(root, projectId), stateRoot: root, enrolled };
}
