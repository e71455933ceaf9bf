import { basename, join } from 'node:path';
import { decodeTime } from 'ulid';
import { listApprovals } from '../journal/plan-store.ts';
import { loadRun } from '../journal/replay.ts';
import { listRuns, type ProjectFolder, runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import type { RetentionSpec } from '../model/config/retention.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { RunRecord } from '../model/run-record.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { listDirectory, moveFile, readTextFile, removeDirectory, removeFile } from '../system/files.ts';
import { reviewAcknowledgement } from './project-memory.ts';

export type Retirement = {
  removed: string[];
  /** Runs that are too many or too old and stay all the same, and why. */
  kept: Array<{ runId: string; why: string }>;
};

/** A run that ended a moment ago may still be written down, shown or joined, ms. */
const restMs = 3_600_000;

const retired = /^\.retired-/;

/**
 * Takes runs out of the state folder that are too many or too old, with their plans, approvals and used nonces. Never one that is
 * not over, that cannot be read, whose rollback failed or whose review is open, nor the newest success of an environment. What
 * lies in the project (history, reports, reviews) stays. Safe to repeat, also after a death in the middle.
 */
export async function retireOldRuns(
  { state }: { state: ProjectFolder },
  { limits, clock }: { limits: RetentionSpec; clock: Pick<Clock, 'now'> },
): Promise<Retirement> {
  for (const name of await listDirectory(state.runs))
    if (retired.test(name)) await removeDirectory(join(state.runs, name));
  const nowMs = clock.now();
  const runIds = await listRuns(state);
  const candidates = runIds.filter((runId, index) => index >= limits.runs || nowMs - begunAtMs(runId) > limits.age);
  const result: Retirement = { removed: [], kept: [] };
  const successes = newestSuccesses(state, runIds);
  for (const runId of candidates) {
    const why = await retire(state, { runId, nowMs, successes }).catch(
      (thrown: unknown) => toDeployError(thrown).message,
    );
    if (why === null) result.removed.push(runId);
    else result.kept.push({ runId, why });
  }
  return result;
}

/** Null when the run is gone, else why it is not. */
async function retire(state: ProjectFolder, asked: Omit<Question, 'record'>): Promise<string | null> {
  const record = await loadRun(runFolder(state, asked.runId).directory);
  const why = await whyKept(state, { ...asked, record });
  if (why !== null) return why;
  if (record !== null) await removePlan(state, record);
  await removeRun(state, asked.runId);
  return null;
}

type Question = { runId: string; record: RunRecord | null; nowMs: number; successes: Successes };

/** Null when nothing speaks for keeping it. */
async function whyKept(state: ProjectFolder, { runId, record, nowMs, successes }: Question): Promise<string | null> {
  if (nowMs - begunAtMs(runId) < restMs) return 'it began within the last hour';
  // Its start came to nothing: there is no journal.
  if (record === null) return null;
  if (record.newer !== null) return `a newer seatrial wrote it (format ${record.newer})`;
  if (record.damage !== null) return `its journal is damaged at line ${record.damage.line}`;
  if (record.status !== 'ended' || record.endedAtMs === null) return 'it is not over';
  if (nowMs - record.endedAtMs < restMs) return 'it ended within the last hour';
  if (record.outcome === 'rollback_failed') return 'its rollback failed';
  const { content, expiresAtMs, planId } = record.plan;
  if (content.kind === 'rollout' && (await reviewAcknowledgement({ state }, runId)) === null)
    return 'its review is open';
  if (runId === (await successes(content.environment))) return `it is the newest success of ${content.environment}`;
  if (expiresAtMs > nowMs) return 'its plan has not expired';
  const approvals = [...record.approvals, ...(await listApprovals(state, planId))];
  return approvals.some((approval) => approval.expiresAtMs > nowMs) ? 'an approval of its plan has not expired' : null;
}

type Successes = (environment: string) => Promise<string | null>;

/** The newest run that succeeded in an environment; runs are read from the newest on, once, and as far as need be. */
function newestSuccesses(state: ProjectFolder, runIds: readonly string[]): Successes {
  const found = new Map<string, string>();
  let next = 0;
  return async (environment) => {
    for (; !found.has(environment) && next < runIds.length; next += 1) {
      const runId = runIds[next] ?? '';
      const record = await loadRun(runFolder(state, runId).directory).catch(() => null);
      const name = record?.plan.content.environment;
      const good = record?.outcome === 'succeeded' || record?.outcome === 'unverified';
      if (name !== undefined && good && record?.plan.content.kind !== 'rehearsal' && !found.has(name))
        found.set(name, runId);
    }
    return found.get(environment) ?? null;
  };
}

/** The plan goes before the run that leads to it, so that a death in between leaves nothing that nobody finds. */
async function removePlan(state: ProjectFolder, record: RunRecord): Promise<void> {
  const { planId } = record.plan;
  const claim = join(state.plans, `${planId}.run`);
  // A plan whose first start came to nothing belongs to the run that took its place.
  if (((await readTextFile(claim))?.trim() ?? record.runId) !== record.runId) return;
  const approvals = [...record.approvals, ...(await listApprovals(state, planId))];
  // Expired approvals are refused before their nonce is looked for: it guards nothing any more.
  for (const { nonce } of approvals) await removeFile(join(state.approvals, 'used', `${sha256Hex(nonce)}.json`));
  await removeDirectory(join(state.approvals, planId));
  await removeFile(claim);
  await removeFile(join(state.plans, `${planId}.json`));
  await removeFile(join(state.plans, `${planId}.told`));
}

/** In one act for everybody who reads it, whatever happens while its files are removed. */
async function removeRun(state: ProjectFolder, runId: string): Promise<void> {
  const { directory } = runFolder(state, runId);
  const aside = join(state.runs, `.retired-${basename(directory)}`);
  await moveFile(directory, aside);
  await removeDirectory(aside);
}

function begunAtMs(runId: string): number {
  return decodeTime(runId.toUpperCase());
}
