import type { RunGlance } from '../../journal/glance-at-run.ts';
import { outlineRun, type RunOutline } from '../../journal/outline-run.ts';
import { runFolder } from '../../journal/state-folder.ts';
import { approvalLevel } from '../../model/approval-level.ts';
import { changedAtMs } from '../../system/files.ts';
import type { RawDeploy } from './find-raw-deploys.ts';
import type { HookPlace } from './hook-place.ts';

/** A longer journal is not read whole while somebody waits for a hook. */
const largestJournal = 4_000_000;
/** The owner of a run touches its heartbeat every second. */
const silentForMs = 60_000;

export type UnfinishedRun = {
  glance: RunGlance;
  /** Null when the journal is too long to be read here, or cannot be read. */
  outline: RunOutline | null;
  /** Its owner has shown itself within the last minute. */
  isAttended: boolean;
};

/** The runs that are not over. */
export async function unfinishedRuns(
  place: HookPlace,
  glances: readonly RunGlance[],
  nowMs: number,
): Promise<UnfinishedRun[]> {
  const { state } = place;
  if (state === null) return [];
  const runs: UnfinishedRun[] = [];
  for (const glance of glances.filter(({ outcome }) => outcome === null)) {
    const folder = runFolder(state, glance.runId);
    const outline = glance.bytes > largestJournal ? null : await outlineRun(folder).catch(() => null);
    if (outline?.status === 'ended') continue;
    const beatMs = await changedAtMs(folder.heartbeat).catch(() => null);
    runs.push({ glance, outline, isAttended: beatMs !== null && nowMs - beatMs < silentForMs });
  }
  return runs;
}

/** Programs at these keys look, prepare and start without users; all others move users, which only the run may do, by its evidence. */
const beforeUsers =
  /^(?:revision\.prepare\[|smoke\[|gates\.|metrics\.|business\[|target\.commands\.(?:inspect|provision)\b|target\.command\b|target\.instanceCommands\b)/;

/**
 * Whether raw deploys belong to a run that a person has approved: it goes forward and is attended to, and each of them is, argument for
 * argument, a program that stands in the approved plan and moves no users. Pure.
 */
export function isInsideRun(deploys: readonly RawDeploy[], { outline, isAttended }: UnfinishedRun): boolean {
  if (outline === null || !isAttended || (outline.status !== 'running' && outline.status !== 'held')) return false;
  const isApproved = outline.approvals.some(({ scope, how }) => scope === 'start' && approvalLevel(how) > 0);
  if (!isApproved || deploys.length === 0) return false;
  const allowed = outline.programs.filter(({ at }) => beforeUsers.test(at));
  return deploys.every(
    ({ certain, argv }) => certain && allowed.some((program) => isProgram(argv, program.argv, outline.version)),
  );
}

function isProgram(argv: RawDeploy['argv'], program: readonly string[], version: string): boolean {
  return (
    argv.length === program.length &&
    program.every((word, index) => argv[index] === (word === '{version}' ? version : word))
  );
}
