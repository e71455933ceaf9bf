import { z } from 'zod';
import { explains, type Note } from './note.ts';

/** Largest file that is taken over, bytes. */
export const longestExport = 1_048_576;

const exportedNoteSchema = z.strictObject({
  /** Becomes the name of a file. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'must be lower-case letters, digits and hyphens, at most 80'),
  kind: z.enum(['lesson', 'pitfall', 'pattern']),
  title: z.string().min(1).max(120),
  pitfall: z.string().max(64).nullable(),
  by: z.string().max(120),
  at: z.string().max(40),
  text: z.string().trim().min(1).max(2000),
});
export type ExportedNote = z.infer<typeof exportedNoteSchema>;

/**
 * What one project hands to another. No causes, fixes and reasons: they say of a run of this project that it may be repeated, and another
 * project's word must not.
 */
export const learningsExportSchema = z.strictObject({
  format: z.literal('seatrial-learnings'),
  v: z.literal(1),
  service: z.string().min(1).max(63),
  notes: z.array(exportedNoteSchema).max(1000),
});
export type LearningsExport = z.infer<typeof learningsExportSchema>;

/** The notes of a project, by id; the same for any order of files. Pure. */
export function exportNotes(service: string, notes: readonly Note[]): LearningsExport {
  const taken = new Set<string>();
  const byId = [...notes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const exported = byId.flatMap((note): ExportedNote[] => {
    const { kind, title, pitfall, by, at, text } = note;
    if (explains(kind) || text.trim() === '') return [];
    const id = portableId(note.id, taken);
    taken.add(id);
    return [{ id, kind, title, pitfall, by, at: at.slice(0, 40), text }];
  });
  return {
    format: 'seatrial-learnings',
    v: 1,
    service,
    notes: exported.slice(0, 1000),
  };
}

/** Files that people name may be called anything. */
function portableId(id: string, taken: ReadonlySet<string>): string {
  const plain = id
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 70);
  const first = plain === '' ? 'note' : plain;
  let name = first;
  for (let number = 2; taken.has(name); number += 1) name = `${first}-${number}`;
  return name;
}
