import { join } from 'node:path';
import { ulid } from 'ulid';
import type { Explanation } from '../model/explanation.ts';
import type { GateDecision } from '../model/gate-decision.ts';
import type { History } from '../model/history.ts';
import { type Catalogue, parseCatalogue } from '../report/learnings/catalogue.ts';
import type { WindowSize } from '../report/learnings/history-window.ts';
import { explains, type Note, parseNote } from '../report/learnings/note.ts';
import { listDirectory, readSmallFiles, readTextFile } from '../system/files.ts';
import { parseFrontMatter } from '../system/front-matter.ts';
import { packageRoot } from '../system/package-root.ts';
import { writeProjectFile } from '../system/project-file.ts';
import { readDecisions } from './gate-decisions.ts';
import type { Project } from './project.ts';
import { readHistory, type SetAside } from './project-memory.ts';

/** Everything from which learnings are made. */
export type LearningsSources = {
  catalogue: Catalogue;
  history: History[];
  notes: Note[];
  decisions: GateDecision[];
  /** What cannot be read and is not counted. */
  setAside: SetAside[];
  /** Checks that `gates.require` names, by environment. */
  required: Record<string, readonly string[]>;
  size: WindowSize;
};

export async function loadSources(project: Pick<Project, 'directory' | 'config'>): Promise<LearningsSources> {
  const [catalogue, history, notes, decisions] = await Promise.all([
    loadCatalogue(),
    readHistory(project),
    readNotes(project),
    readDecisions(project),
  ]);
  const { runs, within } = project.config.learnings.window;
  return {
    catalogue,
    history: history.entries,
    notes: notes.notes,
    decisions: decisions.decisions,
    setAside: [...history.setAside, ...notes.setAside, ...decisions.setAside],
    required: Object.fromEntries(
      Object.entries(project.config.environments).map(([name, environment]) => [name, environment.gates.require]),
    ),
    size: { runs, withinMs: within },
  };
}

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

/** What people and agents have written down in the project, and the files that are no notes. */
export async function readNotes(project: Pick<Project, 'directory'>): Promise<{ notes: Note[]; setAside: SetAside[] }> {
  const directory = notesDirectory(project);
  const names = (await listDirectory(directory)).filter((name) => name.endsWith('.md'));
  const notes: Note[] = [];
  const setAside: SetAside[] = [];
  for (const [index, read] of (await readSmallFiles(names.map((name) => join(directory, name)))).entries()) {
    const name = names[index] ?? '';
    const note = read.ok ? readNote(name, read.text) : null;
    if (note === null)
      setAside.push({ path: `notes/${name}`, reason: 'it is no note', text: read.ok ? read.text : '' });
    else notes.push(note);
  }
  return { notes, setAside };
}

/** What was written down of runs that were taken back. */
export async function loadExplanations(project: Pick<Project, 'directory'>): Promise<Explanation[]> {
  return explanationsOf((await readNotes(project)).notes);
}

export function explanationsOf(notes: readonly Note[]): Explanation[] {
  return notes.flatMap(({ kind, runId }) => (runId !== null && explains(kind) ? [{ runId, about: kind }] : []));
}

/** Adds one note as a file of its own, so that branches merge; `id` becomes its name. Returns its path. */
export async function addNote(
  project: Pick<Project, 'directory'>,
  note: Omit<Note, 'id'>,
  id = ulid().toLowerCase(),
): Promise<string> {
  const path = join(notesDirectory(project), `${id}.md`);
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

function readNote(file: string, text: string): Note | null {
  try {
    const { data, body } = parseFrontMatter(text, file);
    return parseNote({ name: file.replace(/\.md$/, ''), data, body });
  } catch {
    return null;
  }
}

function notesDirectory(project: Pick<Project, 'directory'>): string {
  return join(project.directory, '.seatrial', 'notes');
}
