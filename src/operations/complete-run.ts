import { join } from 'node:path';
import { z } from 'zod';
import { type CompletionSpec, completionSchema } from '../model/config/after-run.ts';
import { DeployError } from '../model/deploy-error.ts';
import { emitData } from '../model/redaction/emit.ts';
import type { RunRecord } from '../model/run-record.ts';
import { completeState } from '../report/completion/complete-state.ts';
import type { StateResult } from '../report/completion/completion-criteria.ts';
import { type Completion, renderCompletion } from '../report/completion/render-completion.ts';
import { ensurePrivateDirectory, readJsonFile, resolveInside, writeFileAtomic } from '../system/files.ts';
import { writeProjectDocument, writeProjectFile } from '../system/project-file.ts';
import { type FoundStory, findStory } from './find-story.ts';
import { deliver } from './notify.ts';
import type { Place } from './place.ts';
import { reviewAcknowledgement } from './project-memory.ts';

/** What is remembered of a completion, so that doing it again finds the same story and tells nobody twice. */
const doneSchema = z.strictObject({
  runId: z.string(),
  slug: z.string().nullable(),
  ticketAtMs: z.number().nullable(),
});
type Done = z.infer<typeof doneSchema>;

export type Completed = Completion & { path: string | null; statePath: string | null; stateChanged: boolean };
type Asked = { place: Place; record: RunRecord; story: string | undefined };

/** The completion as it would be now; changes nothing. Throws COMPLETION_REFUSED for a run that did not succeed. */
export async function describeCompletion({ place, record, story }: Asked): Promise<Completed> {
  assertSucceeded(record);
  const done = await readDone(place, record.runId);
  const found = await findStory(place.project.directory, specOf(place), story ?? done?.slug ?? undefined);
  const wanted = wantedState(found, specOf(place), record);
  const isComplete = wanted.ok && !wanted.changed;
  const state: StateResult = {
    path: found.statePath,
    complete: isComplete,
    reason: wanted.ok ? `not yet; \`seatrial complete ${record.runId}\` marks ${found.statePath}` : wanted.reason,
  };
  const ticket = describeTicket(specOf(place), done);
  const completion = renderCompletion(record, await factsOf(place, record, { found, state, ticket }));
  return { ...completion, path: null, statePath: found.statePath, stateChanged: false };
}

/**
 * Marks the story of a succeeded run complete, tells the ticket once, and writes the summary into the project. Doing it again
 * changes nothing that is done. What could not be done stands in the summary. Throws COMPLETION_REFUSED.
 */
export async function completeRun({ place, record, story }: Asked, nowMs: number): Promise<Completed> {
  assertSucceeded(record);
  const { project } = place;
  const spec = specOf(place);
  const done = await readDone(place, record.runId);
  const found = await findStory(project.directory, spec, story ?? done?.slug ?? undefined);
  const { state, changed } = await markState(place, found, record);
  const told = await tellTicket({ place, record, spec, done, slug: found.story.slug }, nowMs);
  await saveDone(place, { runId: record.runId, slug: found.story.slug, ticketAtMs: told.atMs });
  const completion = renderCompletion(record, await factsOf(place, record, { found, state, ticket: told.said }));
  const path = join(project.directory, '.seatrial', 'completions', `${record.runId}.md`);
  await writeProjectFile(path, completion.text);
  return { ...completion, path, statePath: found.statePath, stateChanged: changed };
}

function assertSucceeded(record: RunRecord): void {
  const { kind } = record.plan.content;
  if (record.outcome === 'succeeded' && kind === 'rollout') return;
  throw new DeployError('COMPLETION_REFUSED', {
    runId: record.runId,
    reason: kind === 'rollout' ? `it ended as ${record.outcome ?? record.status}` : `it was a ${kind}`,
  });
}

function specOf(place: Place): CompletionSpec {
  return place.spec.completion ?? completionSchema.parse({});
}

type Wanted = { ok: true; text: string; changed: boolean; path: string } | { ok: false; reason: string };

function wantedState(found: FoundStory, spec: CompletionSpec, record: RunRecord): Wanted {
  const { statePath, stateText } = found;
  if (statePath === null) return { ok: false, reason: found.reason };
  if (stateText === null && !spec.create)
    return { ok: false, reason: `${statePath} is not there, and completion.create does not ask for one` };
  const edit = completeState(stateText, new Date(record.endedAtMs ?? record.startedAtMs).toISOString());
  return edit.ok ? { ...edit, path: statePath } : { ok: false, reason: `${statePath} was left alone: ${edit.reason}` };
}

async function markState(
  place: Place,
  found: FoundStory,
  record: RunRecord,
): Promise<{ state: StateResult; changed: boolean }> {
  const wanted = wantedState(found, specOf(place), record);
  if (!wanted.ok) return { state: { path: found.statePath, complete: false, reason: wanted.reason }, changed: false };
  if (wanted.changed)
    await writeProjectDocument(await resolveInside(place.project.directory, wanted.path), wanted.text);
  return { state: { path: wanted.path, complete: true, reason: wanted.path }, changed: wanted.changed };
}

type Ticket = { place: Place; record: RunRecord; spec: CompletionSpec; done: Done | null; slug: string | null };

/** Nothing that the ticket's system does stands in the way of the rest. */
async function tellTicket(
  { place, record, spec, done, slug }: Ticket,
  nowMs: number,
): Promise<{ said: string | null; atMs: number | null }> {
  const { ticket } = spec;
  const toldAtMs = done?.ticketAtMs ?? null;
  if (ticket === undefined || toldAtMs !== null) return { said: describeTicket(spec, done), atMs: toldAtMs };
  const { service, environment, revision } = record.plan.content;
  const body = JSON.stringify(
    emitData({
      text: `[${service}/${environment}] completed: ${slug ?? service} is live as ${revision.version}`,
      about: 'completed',
      service,
      environment,
      version: revision.version,
      commit: revision.commit,
      story: slug,
      runId: record.runId,
      completedAt: new Date(record.endedAtMs ?? record.startedAtMs).toISOString(),
    }),
  );
  try {
    await deliver({ place, channel: ticket, body });
    return { said: `told by ${'webhook' in ticket ? 'webhook' : 'command'}`, atMs: nowMs };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { said: `not told (${reason}); try again: \`seatrial complete ${record.runId}\``, atMs: null };
  }
}

function describeTicket(spec: CompletionSpec, done: Done | null): string | null {
  if (spec.ticket === undefined) return null;
  return done?.ticketAtMs == null ? 'not told yet' : `told at ${new Date(done.ticketAtMs).toISOString()}`;
}

async function factsOf(
  { project }: Place,
  record: RunRecord,
  { found, state, ticket }: { found: FoundStory; state: StateResult; ticket: string | null },
): Promise<Parameters<typeof renderCompletion>[1]> {
  const acknowledged = await reviewAcknowledgement(project, record.runId);
  return { story: found.story, state, ticket, reviewAcknowledged: acknowledged !== null };
}

function donePath({ project }: Place, runId: string): string {
  return join(project.state.directory, 'completions', `${runId}.json`);
}

async function readDone(place: Place, runId: string): Promise<Done | null> {
  return readJsonFile(donePath(place, runId), doneSchema);
}

async function saveDone(place: Place, done: Done): Promise<void> {
  await ensurePrivateDirectory(join(place.project.state.directory, 'completions'));
  await writeFileAtomic(donePath(place, done.runId), JSON.stringify(done));
}
