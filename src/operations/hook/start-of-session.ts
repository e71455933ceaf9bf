import { join } from 'node:path';
import { z } from 'zod';
import { parseYaml } from '../../config/parse-yaml.ts';
import type { Clock } from '../../model/clock.ts';
import { usualWindow } from '../../report/learnings/history-window.ts';
import { listDirectory, readSmallFiles, readTextFile } from '../../system/files.ts';
import { jsonOrNull } from '../../system/json-or-null.ts';
import { packageRoot } from '../../system/package-root.ts';
import { readByHand } from '../by-hand-files.ts';
import { glanceAtRuns } from './glance-at-runs.ts';
import type { HookAnswer } from './hook-input.ts';
import type { HookPlace } from './hook-place.ts';
import { renderSession, type SessionFacts } from './session-text.ts';
import { unreviewedRun } from './unreviewed-run.ts';

const mostPitfalls = 3;

/** What a session of an agent begins with; null when there is nothing to say. */
export async function startOfSession(place: HookPlace, clock: Clock): Promise<HookAnswer> {
  const text = renderSession(await gatherFacts(place, clock));
  return text === '' ? null : { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: text } };
}

async function gatherFacts(place: HookPlace, clock: Clock): Promise<SessionFacts> {
  const glances = await glanceAtRuns(place);
  const newest = await newestHistory(place);
  const since = newest[0]?.endedAt ?? '';
  const byHand = await readByHand(place).catch(() => []);
  return {
    unfinished: glances.some(({ outcome }) => outcome === null)
      ? await (await import('./active-run.ts')).unfinishedRuns(place, glances, clock.now())
      : [],
    unreviewed: await unreviewedRun(place, glances),
    pitfalls: await topPitfalls(newest),
    byHand: byHand.filter(({ at }) => at > since).length,
  };
}

const entrySchema = z.looseObject({
  kind: z.enum(['rollout', 'rollback', 'rehearsal']),
  endedAt: z.iso.datetime(),
  pitfalls: z.array(z.string()),
});
type Entry = z.infer<typeof entrySchema>;

/** As much as is needed of the runs that are counted by default, newest first; their files bear ids that sort by time. */
async function newestHistory({ directory }: HookPlace): Promise<Entry[]> {
  const root = join(directory, '.seatrial', 'history');
  const paths: string[] = [];
  for (const month of (await listDirectory(root).catch(() => [])).reverse()) {
    if (!/^\d{4}-\d{2}$/.test(month) || paths.length >= usualWindow.runs) continue;
    const names = (await listDirectory(join(root, month)).catch(() => [])).filter((name) => name.endsWith('.json'));
    paths.push(...names.reverse().map((name) => join(root, month, name)));
  }
  const files = await readSmallFiles(paths.slice(0, usualWindow.runs));
  const entries = files.flatMap((file) => {
    const entry = entrySchema.safeParse(file.ok ? jsonOrNull(file.text) : null);
    return entry.success && entry.data.kind !== 'rehearsal' ? [entry.data] : [];
  });
  entries.sort((one, other) => Date.parse(other.endedAt) - Date.parse(one.endedAt));
  const newestMs = Date.parse(entries[0]?.endedAt ?? '');
  return entries.filter(({ endedAt }) => newestMs - Date.parse(endedAt) <= usualWindow.withinMs);
}

async function topPitfalls(newest: readonly Entry[]): Promise<SessionFacts['pitfalls']> {
  const seen = new Map<string, number>();
  for (const id of newest.flatMap(({ pitfalls }) => pitfalls)) seen.set(id, (seen.get(id) ?? 0) + 1);
  const order = [...seen].sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
  const top = [];
  for (const [id, count] of order) {
    const text = await pitfallText(id);
    if (text !== null) top.push({ ...text, seen: count, runs: newest.length });
    if (top.length === mostPitfalls) break;
  }
  return top;
}

const pitfallSchema = z.looseObject({ title: z.string(), prevention: z.array(z.string()).min(1) });

/** Title and first remedy out of the catalogue; null for what it does not have. History is a file of the project: an id there is no path. */
async function pitfallText(id: string): Promise<{ title: string; prevention: string } | null> {
  if (!/^[a-z-]{1,60}$/.test(id)) return null;
  const path = join(packageRoot(), 'learnings', 'pitfalls', `${id}.md`);
  const [, text] = ((await readTextFile(path)) ?? '').split(/^---$/m);
  const front = text === undefined ? null : pitfallSchema.safeParse(parseYaml(text, id).value);
  return front?.success === true ? { title: front.data.title, prevention: front.data.prevention[0] ?? '' } : null;
}
