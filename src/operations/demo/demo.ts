import { z } from 'zod';
import { hostDown } from '../../local-host/host-control.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../../model/operation.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { deriveHistory } from '../../report/history-entry.ts';
import { diffLearnings } from '../../report/learnings/learnings-diff.ts';
import { removeDirectory } from '../../system/files.ts';
import { createTemporaryDirectory } from '../../system/temporary-directory.ts';
import { defineOperation } from '../define-operation.ts';
import { openPlace } from '../place.ts';
import { preflight } from '../preflight.ts';
import { openProject, openTrustedProject } from '../project.ts';
import { activeRunOf, awaitMemory, findRun } from '../project-memory.ts';
import { rebuildLearnings } from '../rebuild-learnings.ts';
import { rolloutControl } from '../rollout-control.ts';
import { rolloutPlan } from '../rollout-plan.ts';
import { rolloutStart } from '../rollout-start.ts';
import { trustProject } from '../trust/trust-project.ts';
import { type DemoClients, readBooks, startDemoClients } from './demo-clients.ts';
import { createDemoProject, type DemoProject, type DemoRelease, demoReleases } from './demo-project.ts';

type DemoRun = {
  version: string;
  outcome: string;
  detectMs: number | null;
  restoreMs: number | null;
  requests: number;
  failedByRelease: number;
  lost: number;
  duplicated: number;
};

const expected: Readonly<Record<string, string>> = { '2.0.0': 'succeeded', '3.0.0': 'rolled_back', '4.0.0': 'failed' };

export const demo = defineOperation({
  name: 'demo',
  title: 'Three releases on this machine, in about a minute',
  description:
    'A small shop with steady customers ships a good release by canary, rolls a bad one back by evidence, and stops a broken one before it has users. Needs nothing but Node and git; leaves nothing behind.',
  tool: false,
  effects: 'changes',
  input: z.object({
    keep: z.boolean().default(false).describe('Keep the project, its reports and its state to look at'),
  }),
  cli: { command: 'demo', positional: [], examples: ['seatrial demo', 'seatrial demo --json', 'seatrial demo --keep'] },
  run: async ({ keep }, context) => {
    const root = await createTemporaryDirectory('seatrial-demo-');
    // The demonstration's runs must not stand among the user's own.
    process.env['SEATRIAL_STATE_HOME'] = `${root}/state`;
    const stage: Stage = { root, project: null, clients: null, context };
    try {
      return await perform(stage, keep);
    } finally {
      await clear(stage);
      if (!keep) await removeDirectory(root);
    }
  },
});

type Stage = { root: string; project: DemoProject | null; clients: DemoClients | null; context: OperationContext };

async function perform(stage: Stage, keep: boolean): Promise<OperationResult<unknown>> {
  const { context, root } = stage;
  const project = await createDemoProject(root);
  stage.project = project;
  const at = { ...context, projectDirectory: project.directory };
  context.progress(`A shop with four releases in ${project.directory}, to be served at ${project.url}`);
  // It was written by this very program a moment ago.
  const own = { by: 'the demonstration', how: 'own-project', atMs: context.clock.now(), fingerprint: null } as const;
  await trustProject(await openProject(project.directory), own);
  context.progress('Approval: none. Nobody is asked in a demonstration; production asks a person.');
  const [first, ...rest] = demoReleases;
  await ship(at, first);
  const clients = await startDemoClients(project, root, context.clock);
  stage.clients = clients;
  const learningsBefore = (await rebuildLearnings(await openTrustedProject(at))).after;
  const runs: DemoRun[] = [];
  const sentUntil: number[] = [];
  for (const release of rest) {
    const before = await clients.totals();
    const record = await ship(at, release);
    const after = await clients.totals();
    sentUntil.push(after.sent);
    runs.push(
      summarise(record, {
        requests: after.answered - before.answered,
        failed: (after.byVersion[release.version]?.failed ?? 0) - (before.byVersion[release.version]?.failed ?? 0),
        lost: after.lost - before.lost,
      }),
    );
  }
  const totals = await clients.stop();
  const opened = await openTrustedProject(at);
  await hostDown(openPlace(opened, undefined).target, new AbortController().signal);
  const books = await readBooks(project.ledger);
  // Checkouts are numbered in the order in which they were sent, so a duplicate tells the run in which it happened.
  for (const [index, run] of runs.entries()) {
    run.duplicated = books.duplicates.filter((checkout) => runOf(checkout, sentUntil) === index).length;
  }
  const learnings = (await rebuildLearnings(opened)).after;
  return conclude({
    runs,
    totals,
    books,
    learned: diffLearnings(learningsBefore, learnings),
    kept: keep ? root : null,
  });
}

/** What a person would do with `seatrial ship`: gates, plan, start, and the watch to the end. */
async function ship(context: OperationContext, release: DemoRelease): Promise<RunRecord> {
  const { progress, clock, signal } = context;
  progress(`── ${release.version}: ${release.story} ──`);
  const gates = await preflight.run(preflight.input.parse({ version: release.version }), context);
  if (gates.exitCode !== 0)
    throw new DeployError('PREFLIGHT_BLOCKED', { failed: gates.text, remedy: 'This should not be; please report it.' });
  // The whole text once; after that what is new.
  progress(release === demoReleases[1] ? gates.text : firstLine(gates.text));
  const planned = await rolloutPlan.run(rolloutPlan.input.parse({ version: release.version }), context);
  progress(release === demoReleases[1] ? planned.text : firstLine(planned.text));
  const { planId } = z.object({ planId: z.string() }).parse(planned.data);
  const started = await rolloutStart.run(rolloutStart.input.parse({ plan_id: planId }), context);
  const { runId } = z.object({ runId: z.string() }).parse(started.data);
  const project = await openTrustedProject(context);
  for (;;) {
    signal.throwIfAborted();
    const record = await findRun(project, runId);
    context.showRun?.(record);
    if (record.status === 'ended') {
      await awaitMemory(openPlace(project, undefined), runId, { clock, withinMs: 10_000 });
      progress(`${release.version}: ${(record.outcome ?? 'unknown').toUpperCase()}: ${record.reason ?? ''}`);
      progress(`report: ${project.directory}/.seatrial/reports/${runId}.md (stays with --keep)`);
      return record;
    }
    await clock.sleep(250, signal);
  }
}

/** Index of the run during which a checkout was sent; the last one's for what came after it. */
function runOf(checkout: number, sentUntil: readonly number[]): number {
  const index = sentUntil.findIndex((sent) => checkout <= sent);
  return index === -1 ? sentUntil.length - 1 : index;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function summarise(record: RunRecord, seen: { requests: number; failed: number; lost: number }): DemoRun {
  const { detectMs, restoreMs } = deriveHistory(record, { commitAt: null });
  const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
  return {
    version: record.plan.content.revision.version,
    outcome: record.outcome ?? 'unknown',
    detectMs: rounded(detectMs),
    restoreMs: rounded(restoreMs),
    requests: seen.requests,
    failedByRelease: seen.failed,
    lost: seen.lost,
    duplicated: 0,
  };
}

type Ending = {
  runs: DemoRun[];
  totals: { sent: number; lost: number; lostReasons: Record<string, number> };
  books: { served: number; duplicates: number[] };
  learned: string[];
  kept: string | null;
};

function conclude({ runs, totals, books, learned, kept }: Ending): OperationResult<unknown> {
  const right =
    runs.every((run) => run.outcome === expected[run.version]) && runs.length === Object.keys(expected).length;
  const ok = right && totals.lost === 0 && books.duplicates.length === 0;
  const rows = runs.map(
    (run) =>
      `  ${run.version}  ${run.outcome.padEnd(12)} detected ${renderMs(run.detectMs)}, users back ${renderMs(run.restoreMs)}, ${run.requests} checkouts, ${run.failedByRelease} failed by the release`,
  );
  const text = [
    '',
    ...rows,
    `  ${totals.sent} checkouts in all, ${books.served} in the books of the instances: ${totals.lost} lost, ${books.duplicates.length} served twice`,
    ...Object.entries(totals.lostReasons).map(([reason, count]) => `  lost: ${count} × ${reason}`),
    '',
    'What was learned:',
    ...learned.map((line) => `  ${line}`),
    '',
    ok ? 'Every release ended as it must.' : 'This did not go as it must.',
    ...(kept === null ? [] : [`Kept in ${kept}`]),
  ].join('\n');
  return { data: { runs, learnings: learned }, text, exitCode: ok ? 0 : 1 };
}

function renderMs(ms: number | null): string {
  if (ms === null) return '–';
  return ms < 1000 ? `in ${Math.round(ms)} ms` : `in ${(ms / 1000).toFixed(1)} s`;
}

/** Ends everything that was started, also in the middle of a run. */
async function clear({ project, clients, context, root }: Stage): Promise<void> {
  clients?.kill();
  if (project === null) return;
  const opened = await openTrustedProject({ projectDirectory: project.directory });
  const place = openPlace(opened, undefined);
  const active = await activeRunOf(place);
  const patient = { ...context, projectDirectory: project.directory, signal: new AbortController().signal };
  if (active !== null) {
    context.progress('stopping the run that is going on …');
    await rolloutControl
      .run(rolloutControl.input.parse({ action: 'abort', run_id: active.runId }), patient)
      .catch(() => undefined);
    await awaitMemory(place, active.runId, { clock: context.clock, withinMs: 30_000 });
  }
  await hostDown(place.target, patient.signal).catch((thrown: unknown) =>
    context.progress(`the host in ${root} could not be stopped: ${String(thrown)}`),
  );
}
