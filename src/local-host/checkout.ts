import { join, relative } from 'node:path';
import type { InstanceSpec, RevisionSpec } from '../model/config/target.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Revision } from '../model/revision.ts';
import { gitOidSchema } from '../model/vetted.ts';
import type { BoundedAct } from '../system/bounded-act.ts';
import { allowedEnvironment } from '../system/environment.ts';
import { cleanExcerptEnd } from '../system/excerpt.ts';
import { type CommandResult, runCommand } from '../system/exec.ts';
import {
  ensurePrivateDirectory,
  fileExists,
  readTextFile,
  removeDirectory,
  removeFile,
  resolveInside,
  writeFileAtomic,
} from '../system/files.ts';
import type { Launch } from './host/host-state.ts';
import { assertRevisionName } from './host/revision-name.ts';

export type CheckoutRequest = {
  spec: InstanceSpec;
  revisionSpec: RevisionSpec;
  projectDirectory: string;
  /** Top folder of the project's repository. */
  repositoryDirectory: string;
  /** Folder of all checkouts. */
  checkouts: string;
  revision: Revision;
  service: string;
  environment: string;
};

const gitTimeoutMs = 120_000;
/** Hooks and monitors of the project's repository are not run: a checkout is no reason to execute what it says. */
const gitQuietly = ['git', '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];

/**
 * Puts the revision's files where its instances run and prepares them, once. Returns how an instance is started.
 * Throws VERSION_INVALID, FILE_REFUSED, TARGET_REFUSED, COMMAND_FAILED (git), PREPARE_FAILED.
 */
export async function checkOut(request: CheckoutRequest, act: BoundedAct): Promise<Launch> {
  const { revision, spec } = request;
  assertRevisionName(revision.id);
  assertRevisionName(revision.version);
  const env = await instanceEnvironment(request);
  const fixed = spec.directory === undefined ? null : await namedDirectory(request, spec.directory);
  const cwd = fixed ?? (await worktree(request, act));
  const mark = join(request.checkouts, `${revision.id}.ready`);
  const prepared = fixed === null && (await fileExists(mark));
  if (!prepared) {
    await prepare(request, { cwd, env, act });
    if (fixed === null) await writeFileAtomic(mark, `${revision.commit}\n`);
  }
  return launchOf(request, { cwd, env });
}

/** Takes the files of a revision away again; a folder that the project named is left alone. */
export async function removeCheckout(
  request: Pick<CheckoutRequest, 'checkouts' | 'repositoryDirectory'> & { revisionId: string },
): Promise<void> {
  assertRevisionName(request.revisionId);
  const path = join(request.checkouts, request.revisionId);
  await removeFile(join(request.checkouts, `${request.revisionId}.ready`));
  if (!(await fileExists(path))) return;
  const argv = [...gitQuietly, 'worktree', 'remove', '--force', path];
  await runCommand({ argv, cwd: request.repositoryDirectory, env: gitEnvironment(), timeoutMs: gitTimeoutMs });
  await removeDirectory(path);
}

function launchOf(
  { spec, revision, service, environment }: CheckoutRequest,
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Launch {
  if (spec.instanceCommands === undefined) return { argv: spec.command ?? [], cwd, env };
  const { timeout, ...commands } = spec.instanceCommands;
  const { version, commit } = revision;
  return {
    cwd,
    env,
    commands: { ...commands, timeoutMs: timeout, values: { version, commit: commit ?? '', service, environment } },
  };
}

async function instanceEnvironment({
  revisionSpec,
  projectDirectory,
}: CheckoutRequest): Promise<Record<string, string>> {
  const { pass, file, set } = revisionSpec.env;
  const fileText = file === undefined ? null : await readTextFile(await resolveInside(projectDirectory, file));
  if (file !== undefined && fileText === null)
    throw new DeployError('FILE_REFUSED', { path: file, reason: 'it does not exist' });
  return allowedEnvironment({ pass, fileText, set });
}

async function namedDirectory({ projectDirectory, revision }: CheckoutRequest, template: string): Promise<string> {
  const path = template.replaceAll('{version}', revision.version);
  const real = await resolveInside(projectDirectory, path);
  if (!(await fileExists(real))) throw new DeployError('FILE_REFUSED', { path, reason: 'it does not exist' });
  return real;
}

async function worktree(request: CheckoutRequest, act: BoundedAct): Promise<string> {
  const { revision, checkouts, repositoryDirectory, projectDirectory } = request;
  const commit = gitOidSchema.safeParse(revision.commit).data;
  if (commit === undefined) {
    throw new DeployError('TARGET_REFUSED', {
      reason: `${revision.version} names no commit, and no target.directory is configured`,
    });
  }
  await ensurePrivateDirectory(checkouts);
  const path = join(checkouts, revision.id);
  const inProject = join(path, relative(repositoryDirectory, projectDirectory));
  if (await isCheckedOut(path, commit, act)) return inProject;
  await removeCheckout({ checkouts, repositoryDirectory, revisionId: revision.id });
  await runGit(['worktree', 'prune'], repositoryDirectory, act);
  await runGit(['worktree', 'add', '--detach', '--force', path, commit], repositoryDirectory, act);
  return inProject;
}

async function isCheckedOut(path: string, commit: string, act: BoundedAct): Promise<boolean> {
  if (!(await fileExists(join(path, '.git'))) || !(await fileExists(`${path}.ready`))) return false;
  const head = await runCommand({
    argv: [...gitQuietly, 'rev-parse', 'HEAD'],
    cwd: path,
    env: gitEnvironment(),
    timeoutMs: gitTimeoutMs,
    signal: act.signal,
  });
  return head.ok && head.stdout.trim() === commit;
}

async function runGit(args: string[], cwd: string, act: BoundedAct): Promise<void> {
  const argv = [...gitQuietly, ...args];
  const result = await runCommand({
    argv,
    cwd,
    env: gitEnvironment(),
    timeoutMs: Math.min(gitTimeoutMs, act.leftMs()),
    signal: act.signal,
  });
  if (result.ok) return;
  act.assertTime();
  throw new DeployError('COMMAND_FAILED', { command: argv.join(' '), how: result.how, excerpt: lastWords(result) });
}

async function prepare(
  request: CheckoutRequest,
  { cwd, env, act }: { cwd: string; env: Record<string, string>; act: BoundedAct },
): Promise<void> {
  const { prepare: commands, prepareTimeout } = request.revisionSpec;
  for (const argv of commands) {
    const result = await runCommand({
      argv,
      cwd,
      env,
      timeoutMs: Math.min(prepareTimeout, act.leftMs()),
      signal: act.signal,
    });
    if (result.ok) continue;
    if (result.aborted) act.assertTime();
    throw new DeployError('PREPARE_FAILED', {
      command: argv.join(' '),
      how: result.how,
      version: request.revision.version,
      excerpt: lastWords(result),
    });
  }
}

function gitEnvironment(): Record<string, string> {
  return allowedEnvironment({ pass: [], fileText: null, set: { GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' } });
}

function lastWords(result: CommandResult): string {
  return cleanExcerptEnd(result.stderr.trim() || result.stdout.trim());
}
