/** What changed between two renderings, for people: `Rollback needed 0 → 1 (1/3 - rare)`. Empty when nothing did. Pure. */
export function diffLearnings(before: string | null, after: string): string[] {
  const [old, now] = [readState(before ?? ''), readState(after)];
  const pitfalls = [...now.counts].flatMap(([id, entry]) => {
    const former = old.counts.get(id)?.seen ?? 0;
    return former === entry.seen ? [] : [`${id} ${former} → ${entry.seen} (${entry.text})`];
  });
  const metrics = [...now.metrics].flatMap(([name, value]) => {
    const former = old.metrics.get(name) ?? 'Not tracked';
    return former === value ? [] : [`${name}: ${former} → ${value}`];
  });
  return [...pitfalls, ...metrics];
}

type State = { counts: Map<string, { seen: number; text: string }>; metrics: Map<string, string> };

function readState(text: string): State {
  const state: State = { counts: new Map(), metrics: new Map() };
  let id = '';
  for (const line of text.split(/\r?\n/)) {
    id = /^\*\*Id\*\*: `([^`]+)`$/.exec(line)?.[1] ?? id;
    const frequency = /^\*\*Frequency\*\*: \S+ \((\d+)\/(\d+) - ([^)]+)\)$/.exec(line);
    if (frequency !== null)
      state.counts.set(id, { seen: Number(frequency[1]), text: `${frequency[1]}/${frequency[2]} - ${frequency[3]}` });
    const usage = /^\*\*Usage\*\*: (\d+)\/(\d+) runs/.exec(line);
    if (usage !== null) state.counts.set(id, { seen: Number(usage[1]), text: `${usage[1]} of ${usage[2]} runs` });
    const row = /^\| ([^|]+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$/.exec(line);
    if (row?.[1] !== undefined && row[2] !== undefined && row[1] !== 'Metric') state.metrics.set(row[1], row[2]);
  }
  return state;
}
