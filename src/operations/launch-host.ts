import { spawnDetached } from '../system/detached-process.ts';
import { ownEnvironment } from '../system/environment.ts';
import { ensurePrivateDirectory } from '../system/files.ts';
import { bundlePath } from '../system/package-root.ts';

/** Starts the local host of this folder, detached. */
export async function launchHost(directory: string): Promise<void> {
  await launch('host-daemon', directory);
}

/** Starts the process that starts that host again while a dead-man rollback is armed. */
export function launchGuard(directory: string): Promise<{ pid: number }> {
  return launch('host-guard', directory);
}

async function launch(command: string, directory: string): Promise<{ pid: number }> {
  await ensurePrivateDirectory(directory);
  return spawnDetached({
    argv: [process.execPath, bundlePath(), command, directory],
    cwd: directory,
    env: ownEnvironment(),
    logFile: `${directory}/host.log`,
  });
}
