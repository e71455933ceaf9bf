import { join } from 'node:path';
import { z } from 'zod';
import { passedVariables } from '../config/passed-variables.ts';
import { createRunId, listRuns, type RunFolder, runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import type { DetachedProgram } from '../model/dead-man.ts';
import { DeployError, errorOfCode } from '../model/deploy-error.ts';
import type { Plan } from '../model/plan.ts';
import { spawnDetached } from '../system/detached-process.ts';
import { ownEnvironment } from '../system/environment.ts';
import { ensurePrivateDirectory, linkOnce, readJsonFile, readTextFile, writeFileAtomic } from '../system/files.ts';
import { bundlePath } from '../system/package-root.ts';
import type { Project, TrustedProject } from './project.ts';
import { readAuthority } from './trust/read-authority.ts';

export const startRequestSchema = z.strictObject({
  runId: z.string(),
  planId: z.string(),
  environment: z.string(),
  revisionId: z.string(),
  projectDirectory: z.string(),
  requester: z.string(),
  atMs: z.number(),
  /** What was trusted when it was asked for; absent where a way back begins with the settings of an earlier run. */
  authority: z.string().optional(),
});

/** How the start went, written by the supervisor: owner of the run, or why not. */
const startAnswerSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), pid: z.number() }),
  z.strictObject({
    ok: z.literal(false),
    code: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
]);
export type StartAnswer = z.infer<typeof startAnswerSchema>;

/** How long a start may take before it has failed: the caller says so, and then the supervisor may not begin any more, ms. */
export const startPatienceMs = 15_000;

/**
 * Starts the detached supervisor of a new run and returns when it owns the target and has written so. The same plan
 * starts one run only: asked again, the same run id comes back. Throws what the supervisor found, or RUN_NOT_STARTED.
 */
export async function requestStart(
  project: TrustedProject,
  plan: Plan,
  { requester, clock }: { requester: string; clock: Clock },
): Promise<{ runId: string; already: boolean }> {
  await ensurePrivateDirectory(project.state.plans);
  const claim = claimPath(project, plan.planId);
  const runId = createRunId(clock);
  if (!(await linkOnce(runId, claim))) {
    const earlier = await joinEarlierStart(project, (await readTextFile(claim))?.trim() ?? '', clock);
    if (earlier !== null) return { runId: earlier, already: true };
    // The earlier try changed nothing; this one takes its place.
    await writeFileAtomic(claim, runId);
  }
  const folder = runFolder(project.state, runId);
  await ensurePrivateDirectory(folder.directory);
  // What was trusted and planned is what the supervisor gets, whatever becomes of the file meanwhile.
  await writeFileAtomic(folder.config, project.text);
  await writeFileAtomic(
    folder.request,
    JSON.stringify({
      runId,
      planId: plan.planId,
      environment: plan.content.environment,
      revisionId: plan.content.revision.id,
      projectDirectory: project.directory,
      requester,
      atMs: clock.now(),
      ...(project.trust.how === 'run' ? {} : { authority: (await readAuthority(project)).fingerprint }),
    }),
  );
  await launchSupervisor(project, folder, 'start');
  return { runId: await awaitAnswer(folder, clock), already: false };
}

/** Runs of a revision that were begun in an environment on this machine. */
export async function countAttempts(project: Project, environment: string, revisionId: string): Promise<number> {
  let attempts = 0;
  for (const runId of await listRuns(project.state)) {
    const folder = runFolder(project.state, runId);
    const request = await readJsonFile(folder.request, startRequestSchema).catch(() => null);
    if (request?.environment !== environment || request.revisionId !== revisionId) continue;
    if ((await readAnswer(folder))?.ok === true) attempts += 1;
  }
  return attempts;
}

/** The run of somebody who asked for the same plan a moment ago, once it has its owner; null when that came to nothing. */
async function joinEarlierStart(project: Project, runId: string, clock: Clock): Promise<string | null> {
  const folder = runFolder(project.state, runId);
  const request = await readJsonFile(folder.request, startRequestSchema);
  const answer = await readAnswer(folder);
  if (answer !== null) return answer.ok ? runId : null;
  const isOld = request !== null && clock.now() - request.atMs > startPatienceMs;
  if (isOld && (await withdraw(folder)) !== null) return null;
  return awaitAnswer(folder, clock).catch(() => null);
}

/** The run that a plan has already started, or null. */
export async function runOfPlan(project: Project, planId: string): Promise<string | null> {
  const claimed = (await readTextFile(claimPath(project, planId)))?.trim();
  if (claimed === undefined || claimed === '') return null;
  return (await readAnswer(runFolder(project.state, claimed)))?.ok === true ? claimed : null;
}

function claimPath(project: Project, planId: string): string {
  return join(project.state.plans, `${planId}.run`);
}

/** A project whose configuration, where it is known, says which variables are handed on. */
type Launching = Pick<Project, 'directory'> & Partial<Pick<Project, 'config'>>;

/** Starts a supervisor for a run: a new one, or one whose owner went away. */
export async function launchSupervisor(
  launching: Launching,
  folder: RunFolder,
  how: 'start' | 'resume',
): Promise<void> {
  await spawnDetached(ownProgram(launching, folder, ['supervise', how, launching.directory, folder.runId]));
}

/** Starts the process that sees to it that the run always has an owner. */
export async function launchWatchdog(launching: Launching, folder: RunFolder): Promise<{ pid: number }> {
  return spawnDetached(watchdogProgram(launching, folder));
}

/** That process, for whoever may have to start it. */
export function watchdogProgram(launching: Launching, folder: RunFolder): DetachedProgram {
  return ownProgram(launching, folder, ['watchdog', launching.directory, folder.runId]);
}

/** What takes users off a candidate where another program than the local host routes them. */
export function rerouteProgram(
  launching: Launching,
  folder: RunFolder,
  { environment, candidateId, generation }: { environment: string; candidateId: string; generation: number },
): DetachedProgram {
  const { directory } = launching;
  return ownProgram(launching, folder, [
    'return-users',
    directory,
    folder.runId,
    environment,
    candidateId,
    String(generation),
  ]);
}

function ownProgram({ directory, config }: Launching, folder: RunFolder, args: readonly string[]): DetachedProgram {
  return {
    argv: [process.execPath, bundlePath(), ...args],
    cwd: directory,
    env: ownEnvironment(config && passedVariables(config)),
    logFile: folder.supervisorLog,
  };
}

/** The first answer counts. False when somebody has given another one, such as a caller that waits no longer. */
export function writeStartAnswer(folder: RunFolder, answer: StartAnswer): Promise<boolean> {
  return linkOnce(JSON.stringify(answer), answerPath(folder));
}

/** Says that it did not start; null when it has started, or failed, in this very moment. */
async function withdraw(folder: RunFolder): Promise<DeployError | null> {
  const details = { seconds: startPatienceMs / 1000, log: folder.supervisorLog };
  const first = await writeStartAnswer(folder, { ok: false, code: 'RUN_NOT_STARTED', details });
  return first ? new DeployError('RUN_NOT_STARTED', { ...details }) : null;
}

async function awaitAnswer(folder: RunFolder, clock: Clock): Promise<string> {
  const end = clock.now() + startPatienceMs + 1000;
  for (;;) {
    const answer = await readAnswer(folder);
    if (answer?.ok === true) return folder.runId;
    if (answer?.ok === false)
      throw (
        errorOfCode(answer.code, answer.details) ??
        new DeployError('INTERNAL', { reason: `unknown error ${answer.code}` })
      );
    const late = clock.now() < end ? null : await withdraw(folder);
    if (late !== null) throw late;
    await clock.sleep(50);
  }
}

async function readAnswer(folder: RunFolder): Promise<StartAnswer | null> {
  return readJsonFile(answerPath(folder), startAnswerSchema);
}

function answerPath(folder: RunFolder): string {
  return join(folder.directory, 'start.json');
}
