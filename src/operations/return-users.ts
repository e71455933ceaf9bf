import type { Act } from '../model/target.ts';
import { openPlace } from './place.ts';
import { locateProject, openProjectOfRun } from './project.ts';

export type ReturnRequest = {
  projectDirectory: string;
  runId: string;
  environment: string;
  candidateId: string;
  /** Fencing token of the owner that armed the dead-man rollback: a newer one is not disturbed. */
  fence: number;
};

const withinMs = 25_000;

/**
 * What a dead-man rollback asks of a program that routes users by what the local host says: nobody on the candidate any more.
 * Needs neither journal nor lock. Throws as `setWeight`.
 */
export async function returnUsers(request: ReturnRequest): Promise<void> {
  const { projectDirectory, runId, environment, candidateId, fence } = request;
  const project = await openProjectOfRun(await locateProject(projectDirectory), runId);
  const { target } = openPlace(project, environment);
  const act: Act = {
    idempotencyKey: `${runId}:dead-man`,
    fence,
    deadlineMs: withinMs,
    signal: new AbortController().signal,
    way: 'back',
  };
  await target.traffic?.setWeight({ revisionId: candidateId, weightPercent: 0 }, act);
}
