import { join, relative } from 'node:path';
import { z } from 'zod';
import { configFile, type LoadedConfig, loadConfig, parseConfig } from '../config/load-config.ts';
import { rememberPlace } from '../journal/known-places.ts';
import {
  listRuns,
  type ProjectFolder,
  projectFolder,
  projectIdOf,
  runFolder,
  stateRoot,
} from '../journal/state-folder.ts';
import type { OperationContext } from '../model/operation.ts';
import { fileExists, readJsonFile, readTextFile, realDirectory } from '../system/files.ts';
import { openRepository, type Repository } from '../system/git.ts';
import { hasEnrolledApprover } from './approver-list.ts';
import { assertTrusted } from './trust/assert-trusted.ts';
import { ciModeOf } from './trust/ci-mode.ts';
import { loadProtectedConfig } from './trust/load-protected-config.ts';

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

/** Why what a configuration says may be acted upon. */
export type TrustBasis =
  | { how: 'person'; by: string; atMs: number }
  /** The protected branch says so; `ignored`: keys of the working tree that say something else. */
  | { how: 'ci'; base: string; commit: string; ignored: string[] }
  /** The run began with it. */
  | { how: 'run'; runId: string };

/** A project whose configuration may be acted upon: drivers, checks and notices are made of nothing else. */
export type TrustedProject = Project & { trust: TrustBasis };

/** Who asks, as far as it matters for finding and trusting a project. */
export type Asking = Pick<OperationContext, 'projectDirectory' | 'ci'>;

/** Reads the project in `directory`, to show or explain it; nothing that it says may be acted upon. Throws CONFIG_* errors. */
export async function openProject(directory: string): Promise<Project> {
  const loaded = await loadConfig(directory);
  return { ...(await locateProject(directory)), ...loaded };
}

/**
 * The project with its configuration as a person has trusted it, or in ci mode as the protected branch has it. Throws NOT_TRUSTED,
 * CI_MODE, CONFIG_* before anything that the configuration says was run, contacted or written.
 */
export async function openTrustedProject(asking: Asking): Promise<TrustedProject> {
  const ci = ciModeOf(asking, process.env);
  if (ci === null) {
    const project = await openProject(asking.projectDirectory);
    const { by, atMs } = await assertTrusted(project);
    return { ...project, trust: { how: 'person', by, atMs } };
  }
  const place = await locateProject(asking.projectDirectory);
  const { commit, ignored, ...loaded } = await loadProtectedConfig(place, ci);
  return { ...place, ...loaded, trust: { how: 'ci', base: ci.base, commit, ignored } };
}

/**
 * The project as it was when a run began: whatever somebody does to seatrial.yaml in the middle, the run goes on, and
 * back, with the settings that were approved, in the folder where it began. Falls back to the present file for runs that kept none,
 * which must be trusted.
 */
export async function openProjectOfRun(place: ProjectPlace, runId: string): Promise<TrustedProject> {
  const folder = runFolder(place.state, runId);
  const text = await readTextFile(folder.config);
  if (text === null) {
    const project = { ...place, ...(await loadConfig(place.directory)) };
    const { by, atMs } = await assertTrusted(project);
    return { ...project, trust: { how: 'person', by, atMs } };
  }
  const directory = await folderOfRun(place, folder.request);
  const trust: TrustBasis = { how: 'run', runId };
  return { ...place, directory, ...parseConfig(text), configPath: join(directory, configFile), text, trust };
}

/** Another checkout of the same repository shares its runs, and must not put its own programs in the place of those that were trusted. */
async function folderOfRun(place: ProjectPlace, requestFile: string): Promise<string> {
  const request = await readJsonFile(requestFile, z.looseObject({ projectDirectory: z.string() })).catch(() => null);
  return request !== null && (await fileExists(request.projectDirectory)) ? request.projectDirectory : place.directory;
}

/**
 * The project to go back in: as it is now where that may be acted upon, else as its newest run began. Throws CONFIG_*, NOT_TRUSTED or
 * CI_MODE when there was no run.
 */
export async function openProjectOrLast(asking: Asking): Promise<TrustedProject> {
  const place = await locateProject(asking.projectDirectory);
  try {
    return await openTrustedProject(asking);
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
  // Only hooks need it; whoever cannot write it down can still do everything else.
  await rememberPlace(root, { directory: real, projectId }).catch(() => undefined);
  return { directory: real, repository, projectId, state: projectFolder(root, projectId), stateRoot: root, enrolled };
}
