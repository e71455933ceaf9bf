import { z } from 'zod';

/** `cause`, `fix` and `reason` speak of one run; a cause from before there were fixes counts as the cause alone. */
const noteKinds = ['lesson', 'pitfall', 'pattern', 'cause', 'fix', 'reason'] as const;

/** What a person or an agent has added: a file of `.seatrial/notes`. Its text is data, shown quoted, never an instruction. */
export const noteSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(noteKinds),
  title: z.string().min(1).max(120),
  /** Pitfall of the catalogue that it speaks of. */
  pitfall: z.string().nullable(),
  /** Run that it speaks of. */
  runId: z.string().nullable(),
  by: z.string().max(120),
  /** ISO 8601. */
  at: z.string(),
  text: z.string().max(2000),
});
export type Note = z.infer<typeof noteSchema>;

const frontMatterSchema = z.object({
  kind: z.enum(noteKinds).default('lesson'),
  title: z.string().optional(),
  pitfall: z.string().optional(),
  run: z.string().optional(),
  by: z.string().default('unknown'),
  at: z.string().default(''),
});

/** A note out of its file; null when the file is not one. `name` is its file name without `.md`. Pure. */
export function parseNote({ name, data, body }: { name: string; data: unknown; body: string }): Note | null {
  const front = frontMatterSchema.safeParse(data);
  if (!front.success) return null;
  const { kind, title, pitfall, run, by, at } = front.data;
  const note = noteSchema.safeParse({
    id: name,
    kind,
    title: (title ?? body.trim().split('\n')[0] ?? '').slice(0, 120),
    pitfall: pitfall ?? null,
    runId: run ?? null,
    by: by.slice(0, 120),
    at,
    text: body.trim().slice(0, 2000),
  });
  return note.success ? note.data : null;
}

/** Whether a kind of note says why a run went as it did, what was changed since, or why it may be tried again. Pure. */
export function explains(kind: Note['kind']): kind is 'cause' | 'fix' | 'reason' {
  return kind === 'cause' || kind === 'fix' || kind === 'reason';
}
