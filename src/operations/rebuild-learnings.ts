import { join } from 'node:path';
import { acquireLock } from '../journal/lock.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { emitText } from '../model/redaction/emit.ts';
import { readLearningsFile, renderBlock } from '../report/learnings/generated-block.ts';
import { createOwnLines } from '../report/learnings/own-lines.ts';
import { renderLearnings } from '../report/learnings/render-learnings.ts';
import { type FileUpdate, updateLearningsFile } from '../report/learnings/update-file.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { createSystemClock } from '../system/clock.ts';
import { readBytes, readTextFile, removeFile } from '../system/files.ts';
import { currentIdentity } from '../system/process-identity.ts';
import { replaceProjectFile, writeProjectFile } from '../system/project-file.ts';
import { addNote, type LearningsSources, loadSources } from './learnings-files.ts';
import type { Project } from './project.ts';
import { tellGit } from './tell-git.ts';

export type LearningsChange = {
  /** The file; or the view beside it, when the file had to be left alone. */
  path: string;
  /** Null when there was no file. */
  before: string | null;
  after: string;
  runs: number;
  /** What a person should hear of; whole sentences. */
  remarks: string[];
};

type RebuildProject = Pick<Project, 'directory' | 'config' | 'state'>;

/** How long one waits for another rendering of the same project; it is a view, and is not worth more. */
const patienceMs = 10_000;
const mostAttempts = 20;

/**
 * Renders `.seatrial/learnings.md` anew from catalogue, history, notes and decisions. What stands outside of its marks is
 * kept to the byte, also while somebody is writing in it; what was written between them becomes a note.
 */
export async function rebuildLearnings(
  project: RebuildProject,
  clock: Clock = createSystemClock(),
): Promise<LearningsChange> {
  const release = await takeTurn(project, clock);
  try {
    await tellGit(project);
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const change = await tryOnce(project, clock);
      if (change !== null) return change;
    }
    throw new DeployError('FILE_REFUSED', {
      path: '.seatrial/learnings.md',
      reason: 'somebody writes in it all the time',
    });
  } finally {
    await release();
  }
}

/** Null when somebody wrote into the file in the meantime. */
async function tryOnce(project: RebuildProject, clock: Clock): Promise<LearningsChange | null> {
  const path = join(project.directory, '.seatrial', 'learnings.md');
  const before = await readFileText(path);
  const sources = await loadSources(project);
  const first = update(before, sources);
  const kept = first.state === 'written' && first.kept.length > 0 ? await keepLines(project, first.kept, clock) : null;
  // The note just made is shown in the rendering, too.
  const done = kept === null ? first : update(before, await loadSources(project));
  const remarks = [
    ...describeUpdate(done, kept),
    ...sources.setAside.map(({ path: aside, reason }) => `.seatrial/${aside} is not counted: ${reason}.`),
  ];
  const about = { before: before.text, after: done.text, runs: sources.history.length, remarks };
  if (done.state === 'left') {
    const view = viewPath(project);
    await writeProjectFile(view, done.text);
    return { path: view, ...about };
  }
  const written = done.text === before.text || (await replaceProjectFile(path, { from: before.text, to: done.text }));
  if (!written) return null;
  await removeView(project);
  return { path, ...about };
}

type FileText = { text: string | null; isText: boolean };

async function readFileText(path: string): Promise<FileText> {
  const bytes = await readBytes(path);
  if (bytes === null) return { text: null, isText: true };
  const text = Buffer.from(bytes).toString('utf8');
  return { text, isText: Buffer.from(text, 'utf8').equals(bytes) };
}

function update(before: FileText, { setAside, ...sources }: LearningsSources): FileUpdate {
  const block = emitText(renderLearnings({ ...sources, setAside: setAside.map(({ path }) => path) }));
  // Bytes that are no text would not survive being read and written.
  if (!before.isText) return { state: 'left', text: `${renderBlock(block)}\n`, reason: 'it is not UTF-8' };
  return updateLearningsFile(before.text, block, createOwnLines({ fresh: block, ...sources }));
}

/** Named by what they say, so that a second try makes no second note. */
async function keepLines(project: RebuildProject, lines: readonly string[], clock: Clock): Promise<string> {
  const text = lines.join('\n');
  const note = {
    kind: 'lesson' as const,
    title: 'Written into the rendered part of learnings.md',
    pitfall: null,
    runId: null,
    by: 'somebody, in learnings.md',
    at: new Date(clock.now()).toISOString(),
    text,
  };
  return addNote(project, note, `edit-${sha256Hex(text).slice(0, 16)}`);
}

function describeUpdate(update: FileUpdate, kept: string | null): string[] {
  if (update.state === 'left')
    return [
      `.seatrial/learnings.md was left alone: ${update.reason}. The view stands in .seatrial/learnings.view.md. To have it in the file again, delete what is left of the old view and put these two lines where it should be:\n<!-- seatrial:generated -->\n<!-- seatrial:generated end -->`,
    ];
  const words =
    kept === null
      ? []
      : [`Somebody had written into the rendered part of learnings.md; the words are kept in ${kept}.`];
  if (update.united) return ['The views of several branches were united by git; it was rendered anew.', ...words];
  if (kept !== null) return words;
  return update.changedByHand ? ['The rendered part of learnings.md had been changed; it was rendered anew.'] : [];
}

/** One rendering at a time on this machine. Who waits too long goes on: the file is compared before it is replaced. */
async function takeTurn({ state }: RebuildProject, clock: Clock): Promise<() => Promise<void>> {
  const until = clock.monotonic() + patienceMs;
  const owner = { runId: 'learnings', identity: await currentIdentity(), sinceMs: clock.now() };
  while (clock.monotonic() < until) {
    const lock = await acquireLock({ directory: join(state.directory, 'learnings-lock'), owner, clock });
    if (lock.ok) return () => lock.release();
    await clock.sleep(20);
  }
  return async () => undefined;
}

/** The view beside the file is no longer wanted; one in which somebody has written stays. */
async function removeView(project: RebuildProject): Promise<void> {
  const text = await readTextFile(viewPath(project));
  const file = text === null ? null : readLearningsFile(text, () => false);
  if (file?.state === 'readable' && file.intact && `${file.before}${file.after}`.trim() === '')
    await removeFile(viewPath(project));
}

function viewPath({ directory }: RebuildProject): string {
  return join(directory, '.seatrial', 'learnings.view.md');
}
