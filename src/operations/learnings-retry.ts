import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import { describeMissing, missingOf } from '../model/explanation.ts';
import type { History } from '../model/history.ts';
import type { OperationContext } from '../model/operation.ts';
import { quoteUntrusted } from '../report/format.ts';
import { describeRun } from '../report/learnings/render-instances.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { defineOperation } from './define-operation.ts';
import { addNote, explanationsOf, loadSources } from './learnings-files.ts';
import { assertPersonAtTerminal } from './person-at-terminal.ts';
import { openTrustedProject } from './project.ts';
import { rebuildLearnings } from './rebuild-learnings.ts';
import { shortCodeOf } from './short-code.ts';

export const learningsRetry = defineOperation({
  name: 'learnings_retry',
  title: 'Let a revision that was rolled back ship again, for a reason',
  description:
    'In place of cause and fix (`learnings add --run … --cause … --fix …`): a person says why the same revision may be tried again. The reason is kept in .seatrial/notes.',
  tool: false,
  effects: 'person',
  input: z.object({
    run: z
      .string()
      .max(64)
      .describe('The run that took users back')
      .meta({ examples: ['01j9…'] }),
    reason: z
      .string()
      .trim()
      .min(10, 'must be a reason that others understand later: at least 10 characters')
      .max(1000)
      .describe('Why it should go well now')
      .meta({ examples: ['the database was being moved; it is back'] }),
    show: z.boolean().default(false).describe('Only show what would be accepted'),
    code: z.string().max(16).optional().describe('The code that was shown; asked for at a terminal when left out'),
  }),
  cli: {
    command: 'learnings retry',
    positional: ['run'],
    examples: ['seatrial learnings retry 01j9… --reason "the database was being moved; it is back"'],
  },
  run: async ({ run, reason, show, code: typed }, context) => {
    const project = await openTrustedProject(context);
    const sources = await loadSources(project);
    const entry = findEntry(sources.history, run.toLowerCase());
    const missing = missingOf(explanationsOf(sources.notes), entry.runId);
    if (missing.length === 0)
      return {
        data: { code: null, path: null },
        text: `Of run ${entry.runId} enough is recorded: nothing stands in its way.`,
      };
    const code = shortCodeOf(sha256Hex(canonicalJson({ runId: entry.runId, reason })));
    const shown = [
      describeRun(entry),
      `Today its revision is refused: ${describeMissing(missing)}.`,
      `It may ship again, because: ${quoteUntrusted(reason, 1000)}`,
    ].join('\n');
    if (show) return { data: { code, path: null }, text: shown };
    const command = `seatrial learnings retry ${entry.runId} --reason "…"`;
    assertPersonAtTerminal(context.caller, { what: 'let it ship again without cause and fix', code, typed, command });
    return keep(project, { entry, reason }, context);
  },
});

async function keep(
  project: Awaited<ReturnType<typeof openTrustedProject>>,
  { entry, reason }: { entry: History; reason: string },
  { caller, clock }: OperationContext,
): Promise<{ data: { code: null; path: string }; text: string }> {
  const path = await addNote(project, {
    kind: 'reason',
    title: (reason.split('\n')[0] ?? '').slice(0, 100),
    pitfall: null,
    runId: entry.runId,
    text: reason,
    by: caller.name.slice(0, 120),
    at: new Date(clock.now()).toISOString(),
  });
  const { remarks } = await rebuildLearnings(project, clock);
  return {
    data: { code: null, path },
    text: [`Kept: ${path}. The same revision may ship again. Commit .seatrial to share it.`, ...remarks].join('\n'),
  };
}

/** Throws RUN_UNKNOWN for a run that the history does not have. */
function findEntry(history: readonly History[], runId: string): History {
  const entry = history.find((one) => one.runId.toLowerCase() === runId);
  if (entry === undefined) throw new DeployError('RUN_UNKNOWN', { runId });
  return entry;
}
