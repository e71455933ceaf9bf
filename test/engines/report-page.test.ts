import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/model/run-record.ts';
import { renderReportPage } from '../../src/report/page/report-page.ts';
import { failedRun, rollbackFailedRun, rolledBackRun, runningRun, succeededRun } from '../fixtures/run-records.ts';

const binary = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
if (binary === undefined)
  console.warn('SKIPPED test/engines/report-page.test.ts: chromium is not installed (apt-get install chromium)');

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A record with everything that a page can show. */
function withLatency(record: RunRecord): RunRecord {
  const arm = (shift: number) => ({
    counts: [0, 4, 30, 60 - shift, 20 + shift, 6, 1],
    p50Ms: 20,
    p95Ms: 40,
    p99Ms: 80,
  });
  const edgesMs = [5, 10, 20, 40, 80, 160];
  const { startedAtMs } = record;
  return {
    ...record,
    latency: {
      stratum: 'user',
      fromMs: startedAtMs,
      toMs: startedAtMs + 9000,
      edgesMs,
      canary: arm(15),
      baseline: arm(0),
    },
  };
}

const records: Record<string, RunRecord> = {
  succeeded: withLatency(succeededRun()),
  rolled_back: withLatency(rolledBackRun()),
  rollback_failed: rollbackFailedRun(),
  failed: failedRun(),
  running: runningRun({ version: `9.${'9'.repeat(60)}` }),
};
const widths = [390, 1280] as const;
const schemes = ['light', 'dark'] as const;

describe.skipIf(binary === undefined)('the page of a report in Chromium', () => {
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'seatrial-page-'));
    // A folder of its own for each start is what playwright makes and removes.
    browser = await chromium.launch({ ...(binary === undefined ? {} : { executablePath: binary }), args: flags });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Shows a record's page; `asked` collects every address that is asked for. */
  async function open(
    name: string,
    { width, colorScheme }: { width: number; colorScheme: 'light' | 'dark' },
  ): Promise<{ page: Page; asked: string[]; problems: string[] }> {
    const record = records[name];
    if (record === undefined) throw new Error(`no record ${name}`);
    const file = join(folder, `${name}.html`);
    writeFileSync(file, renderReportPage(record));
    const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
    const page = await context.newPage();
    const [asked, problems]: [string[], string[]] = [[], []];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(pathToFileURL(file).href);
    return { page, asked, problems };
  }

  const views = Object.keys(records).flatMap((name) =>
    widths.flatMap((width) => schemes.map((scheme) => [name, width, scheme] as const)),
  );

  it.each(views)(
    '%s at %i px, %s: fits, asks for nothing, and axe finds nothing serious',
    async (name, width, scheme) => {
      const { page, asked, problems } = await open(name, { width, colorScheme: scheme });
      const picture = join(folder, `${name}-${width}-${scheme}.png`);
      await page.screenshot({ path: picture, fullPage: true });
      expect(statSync(picture).size).toBeGreaterThan(20_000);
      // Also with everything unfolded.
      for (const unfolded of [false, true]) {
        if (unfolded)
          await page.locator('details').evaluateAll((all) => {
            for (const one of all) one.setAttribute('open', '');
          });
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(overflow, unfolded ? 'unfolded' : 'folded').toBe(0);
      }
      await page.evaluate(axe.source);
      const found = JSON.parse(
        String(await page.evaluate('axe.run().then((result) => JSON.stringify(result.violations))')),
      );
      expect(
        found.filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical'),
        JSON.stringify(found, null, 1).slice(0, 3000),
      ).toEqual([]);
      expect(asked).toEqual([page.url()]);
      expect(problems).toEqual([]);
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
      expect(background).toBe(scheme === 'dark' ? 'rgb(17, 21, 27)' : 'rgb(255, 255, 255)');
      await page.context().close();
    },
  );

  it('can be gone through with the keyboard alone', async () => {
    const { page } = await open('rolled_back', { width: 390, colorScheme: 'light' });
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    expect(await page.evaluate('document.activeElement.getBoundingClientRect().left >= 0')).toBe(true);
    await page.keyboard.press('Enter');
    expect(page.url()).toMatch(/#main$/);
    const summary = page.locator('summary').first();
    await summary.focus();
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    expect(await page.locator('details').first().getAttribute('open')).not.toBeNull();
    // An event that is cited is one key away, though its journal is folded.
    const cited = page.locator('.cite a').first();
    const target = await cited.getAttribute('href');
    await cited.focus();
    await page.keyboard.press('Enter');
    expect(page.url().endsWith(target ?? 'none')).toBe(true);
    await page.context().close();
  });

  it('shows one of the two sizes of each plot, never both', async () => {
    for (const width of widths) {
      const { page } = await open('rolled_back', { width, colorScheme: 'light' });
      const shown = await page
        .locator('svg[role=img]')
        .evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().width > 0).length);
      expect(shown).toBe(2);
      await page.context().close();
    }
    expect(readFileSync(join(folder, 'rolled_back.html'), 'utf8')).not.toContain('<script');
  });
});
