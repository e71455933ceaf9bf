import { join } from 'node:path';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import { canonicalJson } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, listDirectory, readJsonFile, removeFile, writeFileAtomic } from '../system/files.ts';
import type { ProjectFolder } from './state-folder.ts';

const stopSchema = z.strictObject({
  v: z.literal(1),
  id: z.string(),
  /** Null: every environment of the project. */
  environment: z.string().nullable(),
  reason: z.string(),
  by: z.string(),
  atMs: z.number().int(),
  /** Ends by itself then; null: a person ends it. */
  untilMs: z.number().int().nullable(),
});
export type EmergencyStop = z.infer<typeof stopSchema>;

const nextId = monotonicFactory();

/** Each stop is a file of its own: a later one never shortens or replaces an earlier one. */
export async function saveStop(
  project: ProjectFolder,
  stop: Pick<EmergencyStop, 'environment' | 'reason' | 'by' | 'atMs' | 'untilMs'>,
): Promise<EmergencyStop> {
  const saved: EmergencyStop = { v: 1, id: nextId(stop.atMs).toLowerCase(), ...stop };
  await ensurePrivateDirectory(stopsOf(project));
  await writeFileAtomic(join(stopsOf(project), `${saved.id}.json`), canonicalJson(stopSchema.parse(saved)));
  return saved;
}

/** Stops that hold now, oldest first. One whose file cannot be read holds everything: nobody can say what it was about. */
export async function listStops(project: ProjectFolder, nowMs: number): Promise<EmergencyStop[]> {
  const stops: EmergencyStop[] = [];
  for (const name of await listDirectory(stopsOf(project))) {
    const id = /^([0-9a-z]{26})\.json$/.exec(name)?.[1];
    if (id === undefined) continue;
    const stop = await readJsonFile(join(stopsOf(project), name), stopSchema).catch(() => unreadable(id, nowMs));
    if (stop !== null && (stop.untilMs === null || stop.untilMs > nowMs)) stops.push(stop);
  }
  return stops;
}

/** The oldest stop that holds an environment; null when none does. */
export async function stopOf(
  project: ProjectFolder,
  environment: string,
  nowMs: number,
): Promise<EmergencyStop | null> {
  const stops = await listStops(project, nowMs);
  return stops.find((stop) => stop.environment === null || stop.environment === environment) ?? null;
}

/** Ends a stop; what it was, and who ended it, is kept. */
export async function endStop(
  project: ProjectFolder,
  stop: EmergencyStop,
  ended: { by: string; atMs: number },
): Promise<void> {
  const kept = join(stopsOf(project), 'ended');
  await ensurePrivateDirectory(kept);
  await writeFileAtomic(join(kept, `${stop.id}.json`), canonicalJson({ ...stop, ended }));
  await removeFile(join(stopsOf(project), `${stop.id}.json`));
}

function unreadable(id: string, atMs: number): EmergencyStop {
  const reason = 'the file of a stop is damaged, so it holds everything';
  return { v: 1, id, environment: null, reason, by: 'unknown', atMs, untilMs: null };
}

function stopsOf(project: ProjectFolder): string {
  return join(project.directory, 'stops');
}
