import { resolve } from 'node:path';
import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation, OperationContext } from '../model/operation.ts';
import { type ExportedNote, exportNotes, learningsExportSchema, longestExport } from '../report/learnings/exchange.ts';
import { nearDuplicateFrom, similarity } from '../report/learnings/near-duplicates.ts';
import { streamFile } from '../system/file-stream.ts';
import { errorCodeOf } from '../system/files.ts';
import { decideGate } from './decide-gate.ts';
import { defineOperation } from './define-operation.ts';
import { addNote, loadSources } from './learnings-files.ts';
import { learningsRetry } from './learnings-retry.ts';
import { openProject, openTrustedProject, type Project } from './project.ts';
import { rebuildLearnings } from './rebuild-learnings.ts';

const gateInput = z.object({
  pitfall: z
    .string()
    .max(64)
    .describe('Id of the pitfall')
    .meta({ examples: ['no-staging-verification'] }),
  code: z.string().max(12).optional().describe('Typed by the person; `learnings show <pitfall>` prints it'),
});

const accept = defineOperation({
  name: 'learnings_accept',
  title: 'Make a recurring pitfall a gate',
  description:
    'From then on its pre-flight check must pass in the environments where the pitfall was met. A person decides.',
  tool: false,
  effects: 'person',
  input: gateInput,
  cli: {
    command: 'learnings accept',
    positional: ['pitfall'],
    examples: ['seatrial learnings accept no-staging-verification'],
  },
  run: async ({ pitfall, code }, context) =>
    decideGate(await openTrustedProject(context), { pitfall, code, action: 'accepted' }, context),
});

const dismiss = defineOperation({
  name: 'learnings_dismiss',
  title: 'Dismiss a proposed gate, or lift one',
  description: 'The proposal does not come back; a gate that was accepted is lifted. A person decides.',
  tool: false,
  effects: 'person',
  input: gateInput,
  cli: {
    command: 'learnings dismiss',
    positional: ['pitfall'],
    examples: ['seatrial learnings dismiss silent-deploy'],
  },
  run: async ({ pitfall, code }, context) =>
    decideGate(await openTrustedProject(context), { pitfall, code, action: 'dismissed' }, context),
});

const exportNotesCommand = defineOperation({
  name: 'learnings_export',
  title: 'Print the notes of this project for another one',
  description:
    'Lessons, pitfalls and patterns as JSON; causes, fixes and reasons belong to runs of this project and stay.',
  tool: false,
  effects: 'reads',
  input: z.object({}),
  cli: { command: 'learnings export', positional: [], examples: ['seatrial learnings export > learnings.json'] },
  run: async (_input, { projectDirectory }) => {
    const project = await openProject(projectDirectory);
    const { notes } = await loadSources(project);
    const data = exportNotes(project.config.service, notes);
    return { data, text: JSON.stringify(data, null, 2) };
  },
});

const importNotes = defineOperation({
  name: 'learnings_import',
  title: 'Take over the notes of another project',
  description: 'Reads what `learnings export` printed there. Nothing that is here already is changed.',
  tool: false,
  effects: 'changes',
  input: z.object({ file: z.string().optional().describe('JSON; - or nothing: standard input') }),
  cli: {
    command: 'learnings import',
    positional: ['file'],
    examples: ['seatrial learnings import learnings.json', 'seatrial learnings import < learnings.json'],
  },
  run: async ({ file }, context) => {
    const project = await openTrustedProject(context);
    const { service, notes } = await readExport(file, context);
    const { added, already, alike } = await takeOver(project, service, notes);
    const { remarks } = await rebuildLearnings(project, context.clock);
    const text = [
      `${added.length} taken over from ${service}, ${already} here already.`,
      ...alike.map(({ id, like }) => `${id} says nearly the same as ${like}.`),
      ...remarks,
    ].join('\n');
    return { data: { added, already, alike }, text };
  },
});

/** Beside `learnings`, for people at a terminal. */
export const learningsCommands: readonly Operation[] = [
  accept,
  dismiss,
  learningsRetry,
  exportNotesCommand,
  importNotes,
];

/** What another project exported. Throws LEARNINGS_REFUSED. */
async function readExport(
  file: string | undefined,
  { projectDirectory, standardInput, signal }: OperationContext,
): Promise<{ service: string; notes: ExportedNote[] }> {
  const fromInput = file === undefined || file === '-';
  const source = fromInput ? 'standard input' : file;
  const refuse = (reason: string): DeployError => new DeployError('LEARNINGS_REFUSED', { source, reason });
  if (fromInput && (standardInput === undefined || standardInput.isTerminal)) throw refuse('nothing is piped in.');
  const bytes = fromInput ? standardInput?.read() : streamFile(resolve(projectDirectory, file), signal);
  const text = await readWhole(bytes, refuse);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON.');
  }
  const parsed = learningsExportSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw refuse(`${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it has another shape'}.`);
}

async function readWhole(
  bytes: AsyncIterable<Uint8Array> | undefined,
  refuse: (reason: string) => DeployError,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of bytes ?? []) {
      length += chunk.length;
      if (length > longestExport) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    throw refuse(code === 'ENOENT' ? 'there is no such file.' : `it cannot be read (${code ?? 'unknown reason'}).`);
  }
  if (length > longestExport) throw refuse(`it is longer than ${longestExport / 1_048_576} MiB.`);
  return Buffer.concat(chunks).toString('utf8');
}

/** One file a note, under the name it had; what is here under that name, or says the same, stays as it is. */
async function takeOver(
  project: Project,
  service: string,
  incoming: readonly ExportedNote[],
): Promise<{ added: string[]; already: number; alike: Array<{ id: string; like: string }> }> {
  const { notes, setAside } = await loadSources(project);
  const names = new Set([
    ...notes.map(({ id }) => id),
    ...setAside.map(({ path }) => path.replace(/^notes\/(.*)\.md$/, '$1')),
  ]);
  const texts = new Set(notes.map(({ text }) => text));
  const added: string[] = [];
  const alike: Array<{ id: string; like: string }> = [];
  for (const note of incoming) {
    if (names.has(note.id) || texts.has(note.text)) continue;
    names.add(note.id);
    texts.add(note.text);
    const like = notes.find(({ text }) => similarity(text, note.text) >= nearDuplicateFrom);
    if (like !== undefined) alike.push({ id: note.id, like: like.id });
    const by = `${note.by}, in ${service}`.slice(0, 120);
    await addNote(project, { ...note, by, runId: null }, note.id);
    added.push(note.id);
  }
  return { added, already: incoming.length - added.length, alike };
}
