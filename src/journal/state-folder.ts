import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { monotonicFactory } from 'ulid';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { runIdSchema } from '../model/vetted.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { listDirectory } from '../system/files.ts';

/** Where plans, approvals and runs of one project lie. */
export type ProjectFolder = { directory: string; plans: string; approvals: string; runs: string };

/** Where one run lies. */
export type RunFolder = {
  runId: string;
  directory: string;
  journal: string;
  inbox: string;
  supervisorLog: string;
  request: string;
  /** Touched by the owner while it is at work. */
  heartbeat: string;
  /** The configuration as it was when the run began. */
  config: string;
};

/** `SEATRIAL_STATE_HOME`, else `seatrial` in `XDG_STATE_HOME`, else in `~/.local/state`. Outside of every repository. */
export function stateRoot(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['SEATRIAL_STATE_HOME'];
  if (own) return resolve(own);
  // The XDG specification has relative paths ignored.
  const xdg = env['XDG_STATE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'seatrial');
  return join(env['HOME'] || homedir(), '.local', 'state', 'seatrial');
}

/** 16 hex digits, the same for every checkout of the same project. `configPath` is relative to the repository. Pure. */
export function projectIdOf({ rootCommit, configPath }: { rootCommit: string; configPath: string }): string {
  return sha256Hex(JSON.stringify([rootCommit, configPath])).slice(0, 16);
}

/** Pure. */
export function projectFolder(root: string, projectId: string): ProjectFolder {
  if (!/^[0-9a-f]{16}$/.test(projectId))
    throw new DeployError('INTERNAL', { reason: `"${projectId}" is no project id` });
  const directory = join(root, 'projects', projectId);
  return {
    directory,
    plans: join(directory, 'plans'),
    approvals: join(directory, 'approvals'),
    runs: join(directory, 'runs'),
  };
}

/** Throws RUN_UNKNOWN for what cannot be a run id. Pure. */
export function runFolder(project: ProjectFolder, runId: string): RunFolder {
  if (!isRunId(runId)) throw new DeployError('RUN_UNKNOWN', { runId });
  const directory = join(project.runs, runId);
  return {
    runId,
    directory,
    journal: join(directory, 'journal.jsonl'),
    inbox: join(directory, 'inbox'),
    supervisorLog: join(directory, 'supervisor.log'),
    request: join(directory, 'request.json'),
    heartbeat: join(directory, 'heartbeat'),
    config: join(directory, 'seatrial.yaml'),
  };
}

/** The lock of a place, shared by all projects that drive it. Pure. */
export function lockDirectory(root: string, targetIdentity: string): string {
  return join(root, 'locks', shortNameOf(targetIdentity));
}

/** Files and sockets of a local host. Short, because the path of a socket may have 107 bytes only. Pure. */
export function hostDirectory(root: string, targetIdentity: string): string {
  return join(root, 'hosts', shortNameOf(targetIdentity));
}

/** Ids of all runs of a project, newest first. */
export async function listRuns(project: ProjectFolder): Promise<string[]> {
  return (await listDirectory(project.runs)).filter(isRunId).reverse();
}

const nextUlid = monotonicFactory();

/** A new run id; later ones sort behind earlier ones. */
export function createRunId(clock: Clock): string {
  return nextUlid(clock.now()).toLowerCase();
}

function isRunId(name: string): boolean {
  return runIdSchema.safeParse(name).success;
}

function shortNameOf(targetIdentity: string): string {
  return sha256Hex(targetIdentity).slice(0, 12);
}
