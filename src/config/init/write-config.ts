import { join } from 'node:path';
import { fileExists, linkOnce } from '../../system/files.ts';
import { configFile } from '../load-config.ts';

export type WriteResult = {
  /** False when there already was a config, which is then untouched. */
  written: boolean;
  /** Absolute. */
  path: string;
};

/** Writes a first config, unless there is something of that name already; adds nothing else to the project. */
export async function writeConfig(projectDirectory: string, text: string): Promise<WriteResult> {
  const path = join(projectDirectory, configFile);
  if (await fileExists(path)) return { written: false, path };
  return { written: await linkOnce(text, path), path };
}
