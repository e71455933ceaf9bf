import { relative } from 'node:path';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { type ProjectFolder, projectFolder, projectIdOf, stateRoot } from '../journal/state-folder.ts';
import { realDirectory } from '../system/files.ts';
import { openRepository, type Repository } from '../system/git.ts';

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
};

/** Reads the project in `directory`. Throws CONFIG_* errors. */
export async function openProject(directory: string): Promise<Project> {
  const loaded = await loadConfig(directory);
  const real = await realDirectory(directory);
  const repository = await openRepository(real).catch(() => null);
  const rootCommit = (await repository?.rootCommit()) ?? null;
  const configPath =
    rootCommit === null || repository === null
      ? loaded.configPath
      : relative(repository.directory, `${real}/seatrial.yaml`);
  const projectId = projectIdOf({ rootCommit: rootCommit ?? 'none', configPath });
  const root = stateRoot(process.env);
  return { ...loaded, directory: real, repository, projectId, state: projectFolder(root, projectId), stateRoot: root };
}
