import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { sha256Hex } from '../../system/canonical-json.ts';
import { fileExists } from '../../system/files.ts';
import { writeByHand } from '../by-hand-files.ts';
import { isInsideRun, type UnfinishedRun, unfinishedRuns } from './active-run.ts';
import { findRawDeploys, type RawDeploy } from './find-raw-deploys.ts';
import { glanceAtRuns } from './glance-at-runs.ts';
import type { HookAnswer } from './hook-input.ts';
import { branchOf, type HookPlace } from './hook-place.ts';
import { type HookRules, readHookRules } from './hook-rules.ts';
import { answerRawDeploy } from './raw-deploy-text.ts';

/** Before a command of an agent runs: what the project wants to be said about the raw deploys in it. */
export async function beforeBash(command: string, place: HookPlace, clock: Clock): Promise<HookAnswer> {
  const rules = await readHookRules(place.directory);
  const deploys = await deploysIn(command, { place, rules });
  if (deploys.length === 0) return null;
  const runs = await runsUnderWay(place, clock);
  if (runs.some((run) => isInsideRun(deploys, run))) return null;
  // What nobody has trusted may ask for more care and never for less.
  const isLenient = rules.agent.rawDeploys === 'warn' && !(await isTrusted(place));
  const answer = isLenient ? 'ask' : rules.agent.rawDeploys;
  return answerRawDeploy(deploys, { answer, run: runs[0] ?? null });
}

/**
 * After it ran: raw deploys are recorded beside the history of the project, once for each call. Only what was read for certain, only in
 * a project that a person has trusted as it is, and only where `.seatrial` is there already.
 */
export async function afterBash(
  { command, callId }: { command: string; callId: string },
  place: HookPlace,
  clock: Clock,
): Promise<HookAnswer> {
  if (!(await fileExists(join(place.directory, '.seatrial')))) return null;
  const all = await deploysIn(command, { place, rules: await readHookRules(place.directory) });
  const deploys = all.filter(({ certain }) => certain);
  if (deploys.length === 0 || !(await isTrusted(place))) return null;
  const runs = await runsUnderWay(place, clock);
  if (runs.some((run) => isInsideRun(deploys, run))) return null;
  const isNew = await writeByHand(place, {
    v: 1,
    id: sha256Hex(callId).slice(0, 24),
    at: new Date(clock.now()).toISOString(),
    by: 'agent',
    deploys: deploys.map(({ rule, kind }) => ({ rule, kind })),
    runId: runs[0]?.glance.runId ?? null,
  });
  if (!isNew) return null;
  const names = deploys.map(({ shown }) => `\`${shown}\``).join(', ');
  const text = `${names} went around seatrial and is recorded as such in .seatrial/history/by-hand. Say so in your answer. Before the next plan, preflight shows what is live.`;
  return { hookSpecificOutput: { hookEventName: 'PostToolUse', additionalContext: text } };
}

async function deploysIn(
  command: string,
  { place, rules }: { place: HookPlace; rules: HookRules },
): Promise<RawDeploy[]> {
  const { deployBranches, deployCommands } = rules.agent;
  const branch = await branchOf(place.directory);
  return findRawDeploys(command, { deployBranches, deployCommands, tagForms: rules.tagForms, branch });
}

/** Takes the whole configuration, which takes a while to load. Where it cannot be read what was trusted, nothing was. */
async function isTrusted({ directory, stateRoot }: HookPlace): Promise<boolean> {
  const [{ loadConfig }, { trustStanding }] = await Promise.all([
    import('../../config/load-config.ts'),
    import('../trust/assert-trusted.ts'),
  ]);
  try {
    const { config } = await loadConfig(directory);
    return (await trustStanding({ config, directory, stateRoot })).trusted;
  } catch {
    return false;
  }
}

/** The run that is attended to first. */
async function runsUnderWay(place: HookPlace, clock: Clock): Promise<UnfinishedRun[]> {
  const runs = await unfinishedRuns(place, await glanceAtRuns(place), clock.now());
  return runs.sort((one, other) => Number(other.isAttended) - Number(one.isAttended));
}
