import { join } from 'node:path';
import { ulid } from 'ulid';
import type { History } from '../model/history.ts';
import { type Catalogue, parseCatalogue } from '../report/learnings/catalogue.ts';
import { duePitfalls as assessDue, type DuePitfall } from '../report/learnings/due-pitfalls.ts';
import { type Note, parseNote } from '../report/learnings/note.ts';
import { renderLearnings } from '../report/learnings/render-learnings.ts';
import { listDirectory, readTextFile } from '../system/files.ts';
import { parseFrontMatter } from '../system/front-matter.ts';
import { packageRoot } from '../system/package-root.ts';
import { writeProjectFile } from '../system/project-file.ts';
import type { Project } from './project.ts';

export type LearningsChange = { before: string | null; after: string; path: string };

/** The pitfalls and patterns that come with the package. */
export async function loadCatalogue(): Promise<Catalogue> {
  const root = join(packageRoot(), 'learnings');
  const documents = [];
  for (const folder of ['pitfalls', 'patterns']) {
    for (const name of await listDirectory(join(root, folder))) {
      if (!name.endsWith('.md')) continue;
      const path = `${folder}/${name}`;
      documents.push({ path, ...parseFrontMatter((await readTextFile(join(root, path))) ?? '', path) });
    }
  }
  return parseCatalogue(documents);
}

/** What people and agents have written down in the project. A file that is no note is passed over. */
export async function loadNotes(project: Project): Promise<Note[]> {
  const directory = notesDirectory(project);
  const notes: Note[] = [];
  for (const file of await listDirectory(directory)) {
    if (!file.endsWith('.md')) continue;
    const note = readNote(file, (await readTextFile(join(directory, file))) ?? '');
    if (note !== null) notes.push(note);
  }
  return notes;
}

/** Runs whose cause and fix somebody has written down. */
export async function explainedRuns(project: Project): Promise<string[]> {
  return (await loadNotes(project)).flatMap((note) =>
    note.kind === 'cause' && note.runId !== null ? [note.runId] : [],
  );
}

/** Adds one note as a file of its own, so that branches merge. */
export async function addNote(project: Project, note: Omit<Note, 'id'>): Promise<string> {
  const directory = notesDirectory(project);
  const path = join(directory, `${ulid().toLowerCase()}.md`);
  const front = {
    kind: note.kind,
    title: note.title,
    ...(note.pitfall === null ? {} : { pitfall: note.pitfall }),
    ...(note.runId === null ? {} : { run: note.runId }),
    by: note.by,
    at: note.at,
  };
  const lines = Object.entries(front).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  await writeProjectFile(path, `---\n${lines.join('\n')}\n---\n${note.text}\n`);
  return path;
}

export async function duePitfalls(
  project: Project,
  history: readonly History[],
): Promise<Array<DuePitfall & { blocking: boolean }>> {
  const required = new Set(
    Object.values(project.config.environments).flatMap((environment) => environment.gates.require),
  );
  return assessDue(await loadCatalogue(), history).map((due) => ({
    ...due,
    blocking: due.proposedGate !== null && required.has(due.proposedGate),
  }));
}

/** Renders `.seatrial/learnings.md` anew from catalogue, history and notes; the hand-written part is kept. */
export async function rebuildLearnings(project: Project, history: readonly History[]): Promise<LearningsChange> {
  const directory = join(project.directory, '.seatrial');
  const path = join(directory, 'learnings.md');
  const before = await readTextFile(path);
  const after = renderLearnings({
    catalogue: await loadCatalogue(),
    history,
    notes: await loadNotes(project),
    previous: before,
  });
  if (after !== before) await writeProjectFile(path, after);
  return { before, after, path };
}

function readNote(file: string, text: string): Note | null {
  try {
    const { data, body } = parseFrontMatter(text, file);
    return parseNote({ name: file.replace(/\.md$/, ''), data, body });
  } catch {
    return null;
  }
}

function notesDirectory(project: Project): string {
  return join(project.directory, '.seatrial', 'notes');
}
