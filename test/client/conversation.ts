import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scratch } from '../e2e/scratch-project.ts';
import { toolNames } from '../e2e/tool-names.ts';
import { toolPrefix } from './approval-ways.ts';
import type { Block, Seen, Turn } from './scripted-model.ts';

/** Calls a tool of the plugin. */
export function tool(name: string, input: Record<string, unknown> = {}): Block {
  return { type: 'tool_use', name: `${toolPrefix}${name}`, input };
}

/** What a model does first with tools of which it knows only the names; the client waits for the server then. */
export const loadTools: Turn = [
  {
    type: 'tool_use',
    name: 'ToolSearch',
    input: { query: `select:${toolNames.map((name) => `${toolPrefix}${name}`).join(',')}` },
  },
];

/** The newest result in which it stands; throws with all results when none has it. */
export function found({ results }: Seen, pattern: RegExp): string {
  const match = results.map(({ text }) => pattern.exec(text)?.[1]).findLast((one) => one !== undefined);
  if (match === undefined)
    throw new Error(`No result has ${pattern}:\n${results.map(({ text }) => text).join('\n\n')}`);
  return match;
}

export const planOf = (seen: Seen): string => found(seen, /planId: ([0-9a-f]{64})/);
export const runOf = (seen: Seen): string => found(seen, /Started: run ([0-9a-z]{26})/);

const place = { service: 'shop', environment: 'production' } as const;

/** From the gates to a run that has started. */
export function startsRelease(version: string): Turn[] {
  return [
    loadTools,
    [tool('learnings', { action: 'list' })],
    [tool('preflight', { arguments: `canary ${version} production` })],
    [tool('rollout_plan', { arguments: `canary ${version} production` })],
    (seen) => [
      tool('rollout_approve', { scope: 'start', plan_id: planOf(seen), ...place, version, strategy: 'canary' }),
    ],
    (seen) => [tool('rollout_start', { plan_id: planOf(seen) })],
  ];
}

/** Watches to the end, reports, and has the completed review acknowledged: the rest of `/phase-2-ship`. */
export function seesItThrough(scratch: Scratch, version: string): Turn[] {
  const review = (run: string): string =>
    readFileSync(join(scratch.directory, '.seatrial', 'reviews', `${run}.md`), 'utf8');
  return [
    { until: /^outcome: /m, say: (seen) => [tool('rollout_status', { run_id: runOf(seen), wait_s: 30 })] },
    (seen) => [tool('deploy_report', { run_id: runOf(seen) })],
    (seen) => [tool('deploy_review', { action: 'draft', run_id: runOf(seen) })],
    (seen) => {
      const text = review(runOf(seen)).replaceAll('(to complete)', 'nothing (opinion)');
      return [tool('deploy_review', { action: 'submit', run_id: runOf(seen), text })];
    },
    (seen) => [tool('rollout_approve', { scope: `review:${runOf(seen)}`, ...place, version })],
    [{ type: 'text', text: 'That is all.' }],
  ];
}
