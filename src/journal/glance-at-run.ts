import { z } from 'zod';
import { jsonOrNull } from '../system/json-or-null.ts';
import { readEnds } from '../system/read-ends.ts';
import type { RunFolder } from './state-folder.ts';

/** What the two ends of a journal tell, without reading all of it. Good for a hint, never for a decision about the target. */
export type RunGlance = {
  runId: string;
  kind: 'rollout' | 'rollback' | 'rehearsal';
  service: string;
  environment: string;
  strategy: string;
  version: string;
  /** Null while the run is not over, as far as its end tells. */
  outcome: string | null;
  endedAtMs: number | null;
  /** Of the journal. */
  bytes: number;
};

const startedSchema = z.looseObject({
  type: z.literal('run_started'),
  data: z.looseObject({
    plan: z.looseObject({
      content: z.looseObject({
        kind: z.enum(['rollout', 'rollback', 'rehearsal']),
        service: z.string(),
        environment: z.string(),
        strategy: z.string(),
        revision: z.looseObject({ version: z.string() }),
      }),
    }),
  }),
});
const endedSchema = z.looseObject({
  type: z.literal('run_ended'),
  ts: z.number(),
  data: z.looseObject({ outcome: z.string().regex(/^[a-z_]{1,40}$/) }),
});

/** Null when there is no journal, or its beginning is not what this version knows. Throws the error of the file system. */
export async function glanceAtRun({ runId, journal }: RunFolder): Promise<RunGlance | null> {
  const ends = await readEnds(journal, { headBytes: 262_144, tailBytes: 65_536 });
  if (ends === null) return null;
  const started = startedSchema.safeParse(jsonOrNull(ends.head.split('\n', 1)[0] ?? ''));
  if (!started.success) return null;
  const { kind, service, environment, strategy, revision } = started.data.data.plan.content;
  const ended = lastEnd(ends.tail);
  return {
    runId,
    kind,
    service,
    environment,
    strategy,
    version: revision.version,
    outcome: ended?.data.outcome ?? null,
    endedAtMs: ended?.ts ?? null,
    bytes: ends.size,
  };
}

/** A rollback that failed may be tried again: then the run is open anew. */
function lastEnd(tail: string): z.infer<typeof endedSchema> | null {
  for (const line of tail.split('\n').reverse()) {
    if (line.includes('"type":"rollback_started"')) return null;
    if (!line.includes('"type":"run_ended"')) continue;
    const ended = endedSchema.safeParse(jsonOrNull(line));
    if (ended.success) return ended.data;
  }
  return null;
}
