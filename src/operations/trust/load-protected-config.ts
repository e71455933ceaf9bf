import { join, relative } from 'node:path';
import { authorityOf } from '../../config/authority.ts';
import { diffAuthority } from '../../config/authority-text.ts';
import { configFile, type LoadedConfig, parseConfig } from '../../config/load-config.ts';
import { visibleText } from '../../config/visible-text.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { sha256Hex } from '../../system/canonical-json.ts';
import { readTextFile } from '../../system/files.ts';
import type { Repository } from '../../system/git.ts';
import { readCommittedFile } from '../../system/read-committed-file.ts';
import type { CiMode } from './ci-mode.ts';
import { readAuthority } from './read-authority.ts';

export type ProtectedConfig = LoadedConfig & {
  commit: string;
  /** Keys of the working tree's configuration that say something else, and are not followed. */
  ignored: string[];
};

/**
 * The configuration as the protected branch has it, by commit id. What it names in the working tree and would run must be as in that
 * commit too. Throws CI_MODE, CONFIG_*. Runs nothing but git.
 */
export async function loadProtectedConfig(
  { directory, repository }: { directory: string; repository: Repository | null },
  { base }: CiMode,
): Promise<ProtectedConfig> {
  if (repository === null)
    throw refused(`${directory} is not in a git repository`, 'Run it in a checkout of the repository.');
  const configPath = join(directory, configFile);
  const path = relative(repository.directory, configPath);
  const found = await readCommittedFile(repository, { branch: base, path });
  if (found === null)
    throw refused(
      `there is no branch ${base} here, or it has no ${path}`,
      `Fetch it first (git fetch origin), with the commit's files; then check: git show ${base}:${path}`,
    );
  const parsed = parseConfig(found.text, `${configFile} of ${base}`);
  await assertFilesOfBase({ directory, repository, config: parsed.config, commit: found.commit, base });
  const ignored = await ignoredKeys(configPath, parsed.config);
  return { ...parsed, configPath, text: found.text, commit: found.commit, ignored };
}

type Checked = Pick<LoadedConfig, 'config'> & {
  directory: string;
  repository: Repository;
  commit: string;
  base: string;
};

async function assertFilesOfBase({ directory, repository, config, commit, base }: Checked): Promise<void> {
  const { files } = await readAuthority({ config, directory });
  for (const { path, sha256 } of files) {
    const text = await repository.committedText(commit, relative(repository.directory, join(directory, path)));
    if (text !== null && sha256Hex(text) === sha256) continue;
    throw refused(
      `${visibleText(path)}, which it runs or reads, is ${text === null ? 'not in' : 'not as in'} ${base} (${commit.slice(0, 12)})`,
      `Bring the change to ${base} by review first; hand variables over with pass instead of a file.`,
    );
  }
}

async function ignoredKeys(configPath: string, base: LoadedConfig['config']): Promise<string[]> {
  const text = await readTextFile(configPath).catch(() => null);
  if (text === null) return ['the whole file: there is none in the working tree'];
  try {
    const { config } = parseConfig(text);
    const changes = diffAuthority(authorityOf(base), authorityOf(config)).map(({ at }) => visibleText(at));
    return changes.length > 0 || JSON.stringify(config) === JSON.stringify(base)
      ? changes
      : ['settings that are no authority'];
  } catch {
    return ['the whole file: it cannot be read as a configuration'];
  }
}

function refused(reason: string, remedy: string): DeployError {
  return new DeployError('CI_MODE', { reason, remedy });
}
