import { askPrometheusTime, askRawSeries, PrometheusError, type RawSeries } from './prometheus-client.ts';
import { armQueries, type PrometheusSourceOptions } from './prometheus-source.ts';

/** A clock that differs by more than this shifts windows against changes of weight. */
const noticedSkewMs = 1000;

/**
 * Asks Prometheus every configured question once, about the baseline. Throws an Error when it does not answer, when a
 * query is refused (`bad_data`), when what must be there matches nothing or is of another kind, or when it is scraped less
 * often than it is judged. Says how its clock differs.
 */
export async function probePrometheus(
  options: PrometheusSourceOptions,
  signal: AbortSignal,
): Promise<{ reason: string; evidence: Record<string, string | number> }> {
  const { clock, everyMs } = options;
  const { atMs, skewMs } = await askPrometheusTime(options, () => clock.now(), signal);
  const rangeMs = Math.max(60_000, everyMs * 5);
  const counts: Record<string, number> = {};
  let spacingMs: number | null = null;
  for (const { role, kind, selector } of armQueries(options, 'baseline')) {
    const series = await askRawSeries(options, { selector, atMs, rangeMs }, signal).catch((thrown: unknown) => {
      // Which of them it was is not in what Prometheus says.
      throw thrown instanceof PrometheusError ? new Error(`${selector}: ${thrown.message}`, { cause: thrown }) : thrown;
    });
    counts[role] = (counts[role] ?? 0) + series.length;
    const samples = series.reduce((sum, one) => sum + (kind === 'native' ? one.histograms : one.values).length, 0);
    if (series.length > 0 && samples === 0)
      throw new Error(`${selector} is ${kind === 'native' ? 'no native histogram' : 'a native histogram'}`);
    // Failures and events may not have come about yet; what they are failures of must be there.
    if (series.length === 0 && !/^(failures|events )/.test(role))
      throw new Error(`no series matches ${selector}: nothing could be judged`);
    spacingMs = widest(spacingMs, series);
  }
  if (spacingMs !== null && spacingMs > everyMs * 1.1)
    throw new Error(
      `Prometheus scrapes every ${spacingMs / 1000} s and metrics.every is ${everyMs / 1000} s: set it to the scrape interval or a multiple`,
    );
  const skew = Math.abs(skewMs) > noticedSkewMs ? `; its clock is off by ${skewMs} ms` : '';
  return {
    reason: `Prometheus has ${counts['requests'] ?? Object.values(counts)[0] ?? 0} series of the stable revision${skew}`,
    evidence: { ...counts, clockSkewMs: skewMs, ...(spacingMs === null ? {} : { scrapeMs: spacingMs }) },
  };
}

/** Median distance of two scrapes of the series that is scraped least often. */
function widest(known: number | null, series: readonly RawSeries[]): number | null {
  let result = known;
  for (const { values, histograms } of series) {
    const times = [...values.map(([at]) => at), ...histograms.map(([at]) => at)];
    const distances = times.slice(1).map((at, index) => at - (times[index] ?? at));
    const median = distances.sort((left, right) => left - right)[Math.floor(distances.length / 2)];
    if (median !== undefined) result = Math.max(result ?? 0, median);
  }
  return result;
}
