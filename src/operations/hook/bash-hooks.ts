import { join } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import type { Clock } from '../../model/clock.ts';
import type { AgentRules } from '../../model/config/agent.ts';
import type { Config } from '../../model/config/environment.ts';
import { sha256Hex } from '../../system/canonical-json.ts';
import { fileExists } from '../../system/files.ts';
import { writeByHand } from '../by-hand-files.ts';
import { trustStanding } from '../trust/assert-trusted.ts';
import { glanceAtRuns, isInsideRun, type UnfinishedRun, unfinishedRuns } from './active-run.ts';
import { findRawDeploys, type RawDeploy } from './find-raw-deploys.ts';
import type { HookAnswer } from './hook-input.ts';
import { branchOf, type HookPlace } from './hook-place.ts';
import { answerRawDeploy } from './raw-deploy-text.ts';

/** Before a command of an agent runs: what the project wants to be said about the raw deploys in it. */
export async function beforeBash(command: string, place: HookPlace, clock: Clock): Promise<HookAnswer> {
  const { deploys, config, isTrusted } = await lookAt(command, place);
  if (deploys.length === 0) return null;
  const runs = await runsUnderWay(place, clock);
  if (runs.some((run) => isInsideRun(deploys, run))) return null;
  return answerRawDeploy(deploys, { answer: answerOf(config.agent, isTrusted), run: runs[0] ?? null });
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
  const { deploys: all, isTrusted } = await lookAt(command, place);
  const deploys = all.filter(({ certain }) => certain);
  if (deploys.length === 0 || !isTrusted || !(await fileExists(join(place.directory, '.seatrial')))) return null;
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

type Look = { deploys: RawDeploy[]; config: Config; isTrusted: boolean };

/** The raw deploys by the rules of the project. Throws CONFIG_*. */
async function lookAt(command: string, place: HookPlace): Promise<Look> {
  const { config } = await loadConfig(place.directory);
  const { deployBranches, deployCommands } = config.agent;
  const tagForms = Object.values(config.environments).map(({ revision }) => revision.ref);
  const branch = await branchOf(place.directory);
  const deploys = findRawDeploys(command, { deployBranches, deployCommands, tagForms, branch });
  if (deploys.length === 0) return { deploys: [], config, isTrusted: false };
  const { directory, stateRoot } = place;
  // Where it cannot be read what was trusted, nothing was.
  const isTrusted = await trustStanding({ config, directory, stateRoot }).then(
    ({ trusted }) => trusted,
    () => false,
  );
  return { deploys, config, isTrusted };
}

/** What nobody has trusted may ask for more care and never for less. */
function answerOf({ rawDeploys }: AgentRules, isTrusted: boolean): AgentRules['rawDeploys'] {
  return isTrusted || rawDeploys === 'deny' ? rawDeploys : 'ask';
}

/** The run that is attended to first. */
async function runsUnderWay(place: HookPlace, clock: Clock): Promise<UnfinishedRun[]> {
  const runs = await unfinishedRuns(place, await glanceAtRuns(place), clock.now());
  return runs.sort((one, other) => Number(other.isAttended) - Number(one.isAttended));
}
