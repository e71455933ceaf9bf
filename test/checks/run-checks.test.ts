import { describe, expect, it } from 'vitest';
import { assessChecks } from '../../src/checks/assess-checks.ts';
import { checkResult } from '../../src/checks/check-result.ts';
import { runChecks } from '../../src/checks/run-checks.ts';
import type { Check, CheckFinding, CheckResult } from '../../src/model/check.ts';
import { checkResultSchema } from '../../src/model/check.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

type Context = { word: string };
const never = new AbortController().signal;

function check(id: string, run: Check<Context>['run'], more: Partial<Check<Context>> = {}): Check<Context> {
  return { id, title: `Check ${id}`, category: 'code', blocking: true, run, ...more };
}
const passing: CheckFinding = { status: 'passed', reason: 'fine' };

describe('runChecks', () => {
  it('runs in parallel, answers in the order of the list, reports in the order of the ends', async () => {
    const clock = createVirtualClock();
    const waiting = (id: string, ms: number) =>
      check(id, async () => {
        await clock.sleep(ms);
        return passing;
      });
    const ended: string[] = [];
    const pending = runChecks(
      [waiting('a', 300), waiting('b', 100), waiting('c', 200)],
      { word: '' },
      { signal: never, clock, onResult: (result) => ended.push(result.id) },
    );
    await clock.advance(300);
    const results = await pending;
    expect(results.map((result) => result.id)).toEqual(['a', 'b', 'c']);
    expect(ended).toEqual(['b', 'c', 'a']);
    expect(results.map((result) => result.durationMs)).toEqual([300, 100, 200]);
    for (const result of results) expect(checkResultSchema.parse(result)).toEqual(result);
  });

  it('never runs more at a time than allowed', async () => {
    const clock = createVirtualClock();
    let running = 0;
    let most = 0;
    const checks = Array.from({ length: 20 }, (_, index) =>
      check(`c${index}`, async () => {
        most = Math.max(most, ++running);
        await clock.sleep(10);
        running--;
        return passing;
      }),
    );
    const pending = runChecks(checks, { word: '' }, { signal: never, clock, concurrency: 3 });
    await clock.advance(1000);
    expect((await pending).filter((result) => result.status === 'passed')).toHaveLength(20);
    expect(most).toBe(3);
  });

  it('a check that throws is unknown, with the reason and the remedy of the error', async () => {
    const throwing = check('a', async () => {
      throw new DeployError('COMMAND_NOT_FOUND', { program: 'gh' });
    });
    const sync = check('b', () => {
      throw new Error('boom\u001b[31m');
    });
    const [a, b] = await runChecks([throwing, sync], { word: '' }, { signal: never });
    expect(a).toMatchObject({
      status: 'unknown',
      reason: 'The program "gh" was not found.',
      remedy: expect.stringContaining('Install it'),
    });
    expect(b).toMatchObject({ status: 'unknown', reason: 'Unexpected: boom' });
  });

  it('a check that ignores its signal is not waited for; its own time goes before the default', async () => {
    const clock = createVirtualClock();
    let aborted = false;
    const hanging = check('a', (_context, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    });
    const patient = check(
      'b',
      async () => {
        await clock.sleep(5000);
        return passing;
      },
      { timeoutMs: 10_000 },
    );
    const pending = runChecks([hanging, patient], { word: '' }, { signal: never, clock, timeoutMs: 2000 });
    await clock.advance(6000);
    expect(await pending).toMatchObject([{ status: 'unknown', reason: 'no answer within 2 s' }, { status: 'passed' }]);
    expect(aborted).toBe(true);
  });

  it('ends when cancelled, with unknown for what was not answered', async () => {
    const ending = new AbortController();
    const pending = runChecks(
      [
        check('a', async () => passing),
        check('b', () => new Promise(() => undefined)),
        check('c', async () => passing),
      ],
      { word: '' },
      { signal: ending.signal, concurrency: 2 },
    );
    setTimeout(() => ending.abort(), 20);
    expect(await pending).toMatchObject([
      { status: 'passed' },
      { status: 'unknown', reason: 'cancelled' },
      { status: 'passed' },
    ]);
    const late = await runChecks([check('a', async () => passing)], { word: '' }, { signal: ending.signal });
    expect(late).toMatchObject([{ status: 'unknown' }]);
  });

  it('cleans what checks say', () => {
    const result = checkResult(
      { id: 'x', title: 'X', category: 'c', blocking: false },
      { status: 'failed', reason: 'a\nb\u202e', evidence: { long: 'y'.repeat(500), bad: Number.NaN, ok: true } },
      1,
    );
    expect(result.reason).toBe('a b');
    expect(String(result.evidence['long'])).toHaveLength(200);
    expect(result.evidence).not.toHaveProperty('bad');
  });
});

describe('assessChecks', () => {
  const result = (id: string, status: CheckResult['status'], blocking = true): CheckResult =>
    checkResult({ id, title: id, category: 'c', blocking }, { status, reason: 'because' }, 0);

  it.each([
    ['passed', true, true],
    ['failed', true, false],
    ['unknown', true, false],
    ['skipped', true, true],
    ['failed', false, true],
    ['unknown', false, true],
  ] as const)('%s, blocking %s: goes on %s', (status, blocking, ok) => {
    const assessment = assessChecks([result('a', 'passed'), result('b', status, blocking)], []);
    expect(assessment.ok).toBe(ok);
    expect(assessment.blocking.map((one) => one.id)).toEqual(ok ? [] : ['b']);
  });

  it.each(['failed', 'unknown', 'skipped'] as const)(
    'a required check that is %s stops even when it does not block',
    (status) => {
      expect(assessChecks([result('a', status, false)], ['a'])).toMatchObject({
        ok: false,
        text: expect.stringContaining('because'),
      });
    },
  );

  it('a required check that was never asked stops, and so does no check at all', () => {
    expect(assessChecks([result('a', 'passed')], ['b'])).toMatchObject({
      ok: false,
      blocking: [{ id: 'b', status: 'unknown' }],
    });
    expect(assessChecks([], [])).toMatchObject({ ok: false });
    expect(assessChecks([result('a', 'passed')], ['a'])).toMatchObject({
      ok: true,
      text: '1 of 1 checks passed and nothing stops',
    });
  });
});
