import type { RunGlance } from '../../journal/glance-at-run.ts';
import type { UnfinishedRun } from './active-run.ts';

export type SessionFacts = {
  unfinished: readonly UnfinishedRun[];
  /** The newest finished rollout whose review nobody has acknowledged. */
  unreviewed: RunGlance | null;
  /** Most frequent first. */
  pitfalls: ReadonlyArray<{ title: string; seen: number; runs: number; prevention: string }>;
  /** Deploys that went around seatrial since the last run. */
  byHand: number;
};

/** What the model is told at the start of a session; empty when there is nothing. Only names, numbers and texts of ours. Pure. */
export function renderSession({ unfinished, unreviewed, pitfalls, byHand }: SessionFacts): string {
  const lines = [
    ...unfinished.map(renderUnfinished),
    ...(unreviewed === null ? [] : [renderUnreviewed(unreviewed)]),
    ...(byHand === 0 ? [] : [renderByHand(byHand)]),
    ...(pitfalls.length === 0 ? [] : ['Seen lately in this project:', ...pitfalls.map(renderPitfall)]),
  ];
  return lines.length === 0 ? '' : ['seatrial, the deploys of this project:', ...lines].join('\n');
}

function renderUnfinished({ glance, outline, isAttended }: UnfinishedRun): string {
  const { runId, service, version, environment, strategy } = glance;
  const what = `Run ${runId} (${service} ${version} to ${environment}, ${strategy}) is not over`;
  if (!isAttended)
    return `- ${what}, and nobody has attended to it for a minute. Call rollout_status {"run_id": "${runId}"}: it wakes the watchdog, which takes users back. Start nothing else before.`;
  if (outline?.status === 'held') {
    const where = outline.gate === null ? 'held' : `held at the gate ${outline.gate}`;
    return `- ${what}: it is ${where}, candidate ${outline.weightPercent} %. Call rollout_status {"run_id": "${runId}"} for what it waits for; whether it goes on is for a person to say.`;
  }
  const where = outline === null ? '' : `: ${outline.status}, candidate ${outline.weightPercent} %`;
  return `- ${what}${where}. It goes on by itself; call rollout_status {"run_id": "${runId}"} before anything else.`;
}

function renderUnreviewed({ runId, service, version, environment, outcome }: RunGlance): string {
  return `- Run ${runId} (${service} ${version} to ${environment}, ${outcome ?? 'ended'}) waits for its review: call deploy_review {"action": "draft", "run_id": "${runId}"}, complete it, then submit; a person acknowledges it. The next plan may be refused until then.`;
}

function renderByHand(count: number): string {
  return `- ${count === 1 ? '1 deploy' : `${count} deploys`} went around seatrial since the last run. Users may be on a revision that no run has put there; pre-flight shows what is live.`;
}

function renderPitfall({ title, seen, runs, prevention }: SessionFacts['pitfalls'][number]): string {
  return `- ${title} (${seen} of the last ${runs === 1 ? 'run' : `${runs} runs`}): ${prevention}`;
}
