import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { renderDuePitfalls } from '../report/learnings/due-pitfalls.ts';
import { defineOperation } from './define-operation.ts';
import { addNote, duePitfalls, loadCatalogue, rebuildLearnings } from './learnings-files.ts';
import { openProject, openTrustedProject, type Project } from './project.ts';
import { loadHistory } from './project-memory.ts';

const input = z.object({
  action: z.enum(['list', 'show', 'add', 'rebuild']).default('list'),
  id: z.string().max(64).optional().describe('For show: a pitfall'),
  run: z.string().max(64).optional().describe('For add: the run it speaks of'),
  cause: z.string().max(1000).optional().describe('For add: why the run failed and what was changed since'),
  text: z.string().max(1000).optional().describe('For add: the lesson'),
});
type Input = z.output<typeof input>;

export const learnings = defineOperation({
  name: 'learnings',
  title: 'What earlier runs taught',
  description:
    'list: pitfalls seen lately. show: one pitfall, or the whole file. add: a lesson, or the cause and fix of a rolled-back run (with run), which frees its revision to ship again. rebuild: render the file anew.',
  tool: true,
  effects: 'changes',
  input,
  cli: {
    command: 'learnings',
    positional: ['action', 'id'],
    examples: [
      'seatrial learnings',
      'seatrial learnings show rollback-needed',
      'seatrial learnings add --run 01j9… --cause "pool too small; raised to 50 in 4f2a1b"',
    ],
  },
  run: async (given, context) => {
    // What writes into the project waits for trust; reading does not.
    const writes =
      given.action === 'add' || given.action === 'rebuild' || (given.action === 'show' && given.id === undefined);
    const project = await (writes ? openTrustedProject(context) : openProject(context.projectDirectory));
    return actions[given.action](project, given, context);
  },
});

type Action = (project: Project, given: Input, context: OperationContext) => Promise<OperationResult<unknown>>;

const actions: Record<Input['action'], Action> = { list, show, add, rebuild };

async function list(project: Project): Promise<OperationResult<unknown>> {
  const history = await loadHistory(project);
  const due = await duePitfalls(project, history);
  return {
    data: { due, runs: history.length },
    text: renderDuePitfalls(due, 20) || `No pitfall was seen in ${history.length} recorded runs.`,
  };
}

async function show(project: Project, { id }: Input): Promise<OperationResult<unknown>> {
  if (id === undefined) {
    const { after, path } = await rebuildLearnings(project, await loadHistory(project));
    return { data: { path }, text: after };
  }
  const { pitfalls } = await loadCatalogue();
  const entry = pitfalls.find((pitfall) => pitfall.id === id);
  if (entry === undefined)
    throw new DeployError('USAGE', {
      reason: `There is no pitfall "${id}". There are: ${pitfalls.map((pitfall) => pitfall.id).join(', ')}.`,
    });
  const prevention = entry.prevention.map((line, index) => `${index + 1}. ${line}`).join('\n');
  return {
    data: entry,
    text: `${entry.title} (${entry.impact})\n${entry.summary}\nPrevention:\n${prevention}\nDetection: ${entry.detection}\n\n${entry.body.trim()}`,
  };
}

async function add(
  project: Project,
  given: Input,
  { caller, clock }: OperationContext,
): Promise<OperationResult<unknown>> {
  const text = (given.cause ?? given.text ?? '').trim();
  if (text === '') throw new DeployError('USAGE', { reason: 'Nothing to add: give text, or cause with run.' });
  if (given.cause !== undefined && given.run === undefined)
    throw new DeployError('USAGE', { reason: 'A cause belongs to a run: give run.' });
  const path = await addNote(project, {
    kind: given.cause === undefined ? 'lesson' : 'cause',
    title: (text.split('\n')[0] ?? '').slice(0, 100),
    pitfall: null,
    runId: given.run ?? null,
    by: caller.name,
    at: new Date(clock.now()).toISOString(),
    text,
  });
  await rebuildLearnings(project, await loadHistory(project));
  return { data: { path }, text: `Kept: ${path}. Commit .seatrial to share it.` };
}

async function rebuild(project: Project): Promise<OperationResult<unknown>> {
  const history = await loadHistory(project);
  const { path, before, after } = await rebuildLearnings(project, history);
  return {
    data: { path, changed: before !== after },
    text: `${path} ${before === after ? 'is up to date' : 'was rendered anew'} from ${history.length} runs.`,
  };
}
