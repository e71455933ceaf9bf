import { describe, expect, it } from 'vitest';
import { renderReportPage } from '../../src/report/page/report-page.ts';
import { runCurves } from '../../src/report/page/run-curves.ts';
import {
  allRuns,
  check,
  failedRun,
  rollbackFailedRun,
  rolledBackRun,
  runningRun,
  succeededRun,
  usualChecks,
} from '../fixtures/run-records.ts';

const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e&amp;\'';

const tags = new Set(
  'html head meta title style body a main header p h1 h2 h3 span dl dt dd div nav section ol ul li figure figcaption svg desc line text polyline polygon circle path details summary table caption thead tbody tr th td strong code br blockquote time footer'.split(
    ' ',
  ),
);
const attributes = new Set(
  'lang charset name content http-equiv class href id aria-label aria-labelledby aria-hidden role tabindex scope style open datetime viewBox x y x1 x2 y1 y2 cx cy r d points text-anchor'.split(
    ' ',
  ),
);

/** Every tag of a page with its attributes; a `<` that begins none of ours is an error. */
function tagsOf(page: string): Array<{ name: string; given: Record<string, string> }> {
  const body = page.replace(/<style>[\s\S]*?<\/style>/, '<style></style>').replace('<!doctype html>', '');
  return [...body.matchAll(/<[\s\S]/g)].map(({ index }) => {
    const found = /^<\/?([A-Za-z0-9]+)((?:\s+[A-Za-z0-9:-]+(?:="[^"<>]*")?)*)\s*\/?>/.exec(body.slice(index));
    if (found === null) throw new Error(`not a tag: ${body.slice(index, index + 60)}`);
    const given = [...(found[2] ?? '').matchAll(/([A-Za-z0-9:-]+)(?:="([^"]*)")?/g)];
    return { name: found[1] ?? '', given: Object.fromEntries(given.map(([, name = '', value = '']) => [name, value])) };
  });
}

const pages = Object.entries({ ...allRuns(), running: runningRun() }).map(
  ([name, record]) => [name, renderReportPage(record)] as const,
);

describe('renderReportPage', () => {
  it.each(pages)('needs nothing else, and nothing in it can act: %s', (_name, page) => {
    expect(page).toContain("content=\"default-src 'none'; style-src 'unsafe-inline'\"");
    expect(page).not.toMatch(/@import|url\(|src=|<script|<link|javascript:/i);
    for (const { name, given } of tagsOf(page)) {
      expect(tags, name).toContain(name);
      for (const attribute of Object.keys(given)) expect(attributes, `${attribute} of ${name}`).toContain(attribute);
      if (name === 'a') expect(given['href'] ?? '#').toMatch(/^#/);
    }
  });

  it.each(pages)('has headings in order, ids once, and targets for its links: %s', (_name, page) => {
    const levels = [...page.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.forEach((level, index) => {
      expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 1) + 1);
    });
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/ href="#([^"]+)"/g)) expect(ids).toContain(target);
    for (const [, labels = ''] of page.matchAll(/ aria-labelledby="([^"]+)"/g))
      for (const id of labels.split(' ')) expect(ids).toContain(id);
  });

  it('tells every picture and table in words', () => {
    const page = renderReportPage(rolledBackRun());
    const svgs = page.match(/<svg /g) ?? [];
    expect(svgs.length).toBeGreaterThanOrEqual(2);
    expect(page.match(/<svg [^>]*role="img" aria-labelledby=/g)).toHaveLength(svgs.length);
    expect(page.match(/<desc /g)).toHaveLength(svgs.length);
    expect(page.match(/<table>/g)?.length).toBe(page.match(/<caption>/g)?.length);
    expect(page).toContain('The same as a table');
  });

  it('says what a run that was taken back came to, with the moment of decision in the plot', () => {
    const page = renderReportPage(rolledBackRun());
    expect(page).toContain('Rolled back');
    expect(page).toMatch(/decision: back, \d/);
    expect(page).toContain('goes back at');
    expect(page).toContain('Time to detect');
    expect(page).toContain('140');
  });

  it('is an alarm where the rollback failed, and shows a run without any count', () => {
    expect(renderReportPage(rollbackFailedRun())).toContain('<strong>P0.</strong>');
    expect(renderReportPage(failedRun())).toContain('Nothing was counted');
    expect(renderReportPage(runningRun())).toContain('In progress');
  });

  it('draws latencies that the record has, and says so where it has none', () => {
    const record = succeededRun();
    expect(renderReportPage(record)).toContain('Not measured: the record holds no latencies');
    const arm = { counts: [0, 5, 3, 1], p50Ms: 12, p95Ms: 20, p99Ms: null };
    const latency = {
      stratum: 'user' as const,
      fromMs: 0,
      toMs: 9000,
      edgesMs: [10, 20, 40],
      canary: arm,
      baseline: arm,
    };
    const page = renderReportPage({ ...record, latency });
    expect(page).toContain('Distribution of latency');
    expect(page).toContain('p50 12 ms, p95 20 ms, p99 unknown');
  });

  it('lets no text of a target, a check or a person act', () => {
    const checks = [
      ...usualChecks,
      check('hostile', 'failed', {
        title: hostile,
        reason: hostile,
        evidence: { [hostile]: hostile },
        remedy: hostile,
      }),
    ];
    for (const record of [rolledBackRun({ version: hostile, checks }), failedRun({ version: hostile, checks })]) {
      const [instance] = record.instances;
      if (instance !== undefined) instance.excerpt = hostile;
      record.reason = hostile;
      const page = renderReportPage({ ...record, runId: hostile }, { projectName: hostile });
      const used = tagsOf(page);
      expect(used.map(({ name }) => name)).not.toContain('script');
      expect(used.map(({ name }) => name)).not.toContain('img');
      for (const { given } of used) expect(Object.keys(given).filter((name) => !attributes.has(name))).toEqual([]);
      expect(page).not.toContain('\u202e');
    }
  });
});

describe('runCurves', () => {
  it('follows the weight there and back', () => {
    const { weights } = runCurves(rolledBackRun());
    expect(weights.map(({ weightPercent }) => weightPercent)).toEqual(expect.arrayContaining([0, 5]));
    expect(weights.at(-1)?.weightPercent).toBe(0);
    expect(runCurves(succeededRun()).weights.at(-1)?.weightPercent).toBe(100);
  });

  it('keeps every counted request in its stretches', () => {
    const record = succeededRun();
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    const { stretches } = runCurves(record);
    expect(stretches.length).toBeLessThanOrEqual(60);
    expect(sum(stretches.map(({ canary }) => canary.requests))).toBe(
      sum(record.counts.map(({ canary }) => canary.requests)),
    );
    expect(sum(stretches.map(({ baseline }) => baseline.failures))).toBe(
      sum(record.counts.map(({ baseline }) => baseline.failures)),
    );
  });
});
