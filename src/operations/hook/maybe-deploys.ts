import { join } from 'node:path';
import { readTextFile } from '../../system/files.ts';
import { findRawDeploys } from './find-raw-deploys.ts';
import type { HookPlace } from './hook-place.ts';

/** Whatever a project's configuration may say of branches. */
const widest = { deployBranches: ['*'], branch: 'any', tagForms: [], deployCommands: [] };

/**
 * Whether a command may be a deploy by some configuration. Most are none by any, and for these the configuration, which takes longer to
 * load than everything else here, need not be read.
 */
export async function maybeDeploys(command: string, { directory }: HookPlace): Promise<boolean> {
  if (findRawDeploys(command, widest).length > 0) return true;
  return ((await readTextFile(join(directory, 'seatrial.yaml'))) ?? '').includes('deployCommands');
}
