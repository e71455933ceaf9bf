import type { Check } from '../../model/check.ts';
import { freeDiskBytes } from '../../system/files.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Blocks: a run that cannot write its journal takes no forward step, and finds out in the middle. */
export const diskSpaceCheck: Check<PreflightContext> = {
  id: 'disk-space',
  title: 'Enough disk space',
  category: 'infrastructure',
  blocking: true,
  run: async ({ stateDirectory, projectDirectory, environment }) => {
    const [stateMiB, projectMiB] = (await Promise.all([stateDirectory, projectDirectory].map(freeDiskBytes))).map(
      toMiB,
    );
    const neededMiB = toMiB(environment.gates.minFreeDisk);
    const freeMiB = Math.min(stateMiB ?? 0, projectMiB ?? 0);
    const evidence = { freeMiB, neededMiB };
    if (freeMiB >= neededMiB) return passed(`${freeMiB} MiB free, ${neededMiB} MiB needed`, evidence);
    const where = (stateMiB ?? 0) <= (projectMiB ?? 0) ? stateDirectory : projectDirectory;
    return failed(`only ${freeMiB} MiB free, ${neededMiB} MiB needed`, `Make room where ${where} lies.`, evidence);
  },
};

function toMiB(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
