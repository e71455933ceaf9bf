import { z } from 'zod';
import { toDeployError } from '../../model/deploy-error.ts';
import { exitCode } from '../../model/error-catalogue.ts';
import type { OperationContext } from '../../model/operation.ts';
import { defineOperation } from '../define-operation.ts';
import { locateProject } from '../project.ts';
import { type Finding, lookSafely, renderFindings } from './finding.ts';
import { lookAtHosts, lookAtLocks } from './look-at-locks.ts';
import { lookAtClock, lookAtDisk, lookAtFolder, lookAtPrograms } from './look-at-machine.ts';
import { lookAtApprovers, lookAtProject, lookAtStops } from './look-at-project.ts';
import { lookAtRuns } from './look-at-runs.ts';

export const doctor = defineOperation({
  name: 'doctor',
  title: 'How everything is, and what to do',
  description:
    'Looks at configuration, trust, stops, runs, locks, hosts, approver keys, disk, clock, the state folder and programs. With --repair it does what is safe: wakes a missing watchdog, finishes the records of runs that are over, closes its own folder to others, removes half-written files. It never moves traffic and deletes no run.',
  tool: false,
  effects: 'changes',
  input: z.object({ repair: z.boolean().default(false).describe('Do what is safe about it, then look again') }),
  cli: {
    command: 'doctor',
    positional: [],
    examples: ['seatrial doctor', 'seatrial doctor --json', 'seatrial doctor --repair'],
  },
  run: async ({ repair }, context) => {
    const first = await examine(context);
    const done = repair ? await repairAll(first) : [];
    const findings = done.length === 0 ? first : await examine(context);
    const broken = findings.filter(({ state }) => state === 'broken').length;
    const attention = findings.filter(({ state }) => state === 'attention').length;
    const summary = `${findings.length - broken - attention} ok, ${attention} for attention, ${broken} broken`;
    return {
      data: {
        ok: broken === 0,
        findings: findings.map(({ area, state, text, remedy }) => ({ area, state, text, remedy })),
        repaired: done,
      },
      text: [
        ...done.map((line) => `repaired: ${line}`),
        ...(repair && done.length === 0 ? ['Nothing could be repaired by itself.'] : []),
        renderFindings(findings),
        summary,
      ].join('\n'),
      exitCode: broken === 0 ? exitCode.ok : exitCode.internal,
    };
  },
});

async function examine(context: OperationContext): Promise<Finding[]> {
  const located = await locateProject(context.projectDirectory);
  const { stateRoot, directory } = located;
  const now = context.clock.now();
  const looks: Array<[Finding['area'], () => Promise<Finding[]>]> = [
    ['project', () => lookAtProject(context)],
    ['stops', () => lookAtStops(located, now)],
    ['runs', () => lookAtRuns(located)],
    ['locks', () => lookAtLocks(stateRoot)],
    ['hosts', () => lookAtHosts(stateRoot)],
    ['approvers', () => lookAtApprovers(process.env)],
    ['disk', () => lookAtDisk(stateRoot)],
    ['clock', () => lookAtClock(located, now)],
    ['folder', () => lookAtFolder(stateRoot, now)],
    ['programs', () => lookAtPrograms(directory)],
  ];
  return (await Promise.all(looks.map(([area, look]) => lookSafely(area, look)))).flat();
}

/** Each repair by itself: one that fails must not keep the others from being done. */
async function repairAll(findings: readonly Finding[]): Promise<string[]> {
  const done: string[] = [];
  for (const { area, repair } of findings) {
    if (repair === undefined) continue;
    done.push(await repair().catch((thrown: unknown) => `${area}: not repaired, ${toDeployError(thrown).message}`));
  }
  return done;
}
