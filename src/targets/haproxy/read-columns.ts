import type { z } from 'zod';
import { unreadable } from './unreadable-answer.ts';

/**
 * Rows of blanks-separated words under a header that begins with `#`, by the names in it: columns come and go between
 * versions. Empty lines are passed over. Pure. Throws TARGET_REFUSED.
 */
export function readColumns<Row>(command: string, lines: readonly string[], schema: z.ZodType<Row>): Row[] {
  const text = lines.join('\n');
  const [header = '', ...rows] = lines.filter((line) => line !== '');
  if (!header.startsWith('# ')) throw unreadable(command, text, 'it has no header');
  const names = header.slice(2).split(' ');
  return rows.map((line) => {
    const words = line.split(' ');
    if (words.length < names.length) throw unreadable(command, text, 'a row has fewer columns than the header');
    const row = schema.safeParse(Object.fromEntries(names.map((name, index) => [name, words[index]])));
    if (row.success) return row.data;
    const issue = row.error.issues[0];
    throw unreadable(command, text, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  });
}
