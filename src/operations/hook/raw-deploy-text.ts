import type { AgentRules } from '../../model/config/agent.ts';
import type { UnfinishedRun } from './active-run.ts';
import type { RawDeploy } from './find-raw-deploys.ts';
import type { HookAnswer } from './hook-input.ts';

/** What is answered to a raw deploy before it runs. Pure. */
export function answerRawDeploy(
  deploys: readonly RawDeploy[],
  { answer, run }: { answer: AgentRules['rawDeploys']; run: UnfinishedRun | null },
): HookAnswer {
  const text = renderRawDeploy(deploys, run);
  if (answer === 'deny')
    return {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason: `${text} This project denies it (agent.rawDeploys in seatrial.yaml); do not look for another way to run it.`,
      },
    };
  if (answer === 'ask')
    return {
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'ask',
        permissionDecisionReason: text,
        additionalContext: text,
      },
    };
  return { systemMessage: text, hookSpecificOutput: { hookEventName: 'PreToolUse', additionalContext: text } };
}

function renderRawDeploy(deploys: readonly RawDeploy[], run: UnfinishedRun | null): string {
  const names = deploys.slice(0, 3).map(({ shown }) => `\`${shown}\``);
  const more = deploys.length > 3 ? ` and ${deploys.length - 3} more` : '';
  const tagsOnly = deploys.every(({ kind }) => kind === 'release-tag');
  const unsure = deploys.every(({ certain }) => !certain)
    ? ' It cannot be read for certain what this runs, so it counts as a deploy.'
    : '';
  const harm = tagsOnly
    ? 'goes around seatrial: where a release tag starts a pipeline, it ships without gates, evidence or a way back.'
    : 'goes around seatrial: no gate has looked at it, nothing watches the users, nothing takes them back, and the next plan meets a state that no run has left.';
  return `${names.join(', ')}${more} ${harm}${unsure} ${wayOut(run, tagsOnly)}`;
}

/** What is right instead: the tool to call. */
function wayOut(run: UnfinishedRun | null, tagsOnly: boolean): string {
  if (run !== null) {
    const { runId, environment } = run.glance;
    return `Run ${runId} on ${environment} is under way: call rollout_status {"run_id": "${runId}"}; to change its course, rollout_control (pause, resume, promote, abort) or rollback.`;
  }
  const ship =
    'Right is: preflight, then rollout_plan, show the plan, a person approves it (rollout_approve), then rollout_start.';
  return tagsOnly
    ? `${ship} The tag need not be pushed for that; push it once the run has succeeded.`
    : `${ship} Back to an earlier revision: rollback.`;
}
