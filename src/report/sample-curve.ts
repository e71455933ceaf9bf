/** Index of the first and after the last entry that fall to each of `slots` equal spans of time. */
type Slot = { from: number; to: number };

/**
 * One value for each of `slots` equal spans from `startMs` to `endMs`, of values known at the ends of windows: the one that
 * `choose` takes where there are several, the one before where there is none, null before the first. Pure.
 */
export function sampleCurve(
  curve: { timesMs: readonly number[]; values: readonly number[]; startMs: number; endMs: number },
  slots: number,
  choose: (values: readonly number[]) => number,
): Array<number | null> {
  const { timesMs, values } = curve;
  let last: number | null = null;
  return slotsOf(curve, slots).map(({ from, to }) => {
    if (to > from && to <= timesMs.length) last = choose(values.slice(from, to));
    return last;
  });
}

/** The last of several values. */
export function lastOf(values: readonly number[]): number {
  return values.at(-1) ?? Number.NaN;
}

export function largestOf(values: readonly number[]): number {
  return values.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY);
}

function slotsOf(
  { timesMs, startMs, endMs }: { timesMs: readonly number[]; startMs: number; endMs: number },
  slots: number,
): Slot[] {
  let entry = 0;
  return Array.from({ length: slots }, (_, slot) => {
    const from = entry;
    const untilMs = startMs + ((endMs - startMs) * (slot + 1)) / slots;
    while (entry < timesMs.length && (slot === slots - 1 || (timesMs[entry] ?? 0) <= untilMs)) entry += 1;
    return { from, to: entry };
  });
}
