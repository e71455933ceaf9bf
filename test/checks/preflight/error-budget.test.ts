import { describe, expect, it } from 'vitest';
import type { ObjectiveBudget } from '../../../src/checks/preflight/context.ts';
import { ask, contextOf } from '../scene.ts';

const quiet = { state: 'not_burning' as const, sentence: 'not burning' };
const burning = { state: 'burning' as const, sentence: 'burnt 20.0 times too fast' };
const unknown = { state: 'unknown' as const, sentence: 'nothing measured over 6h' };

const answer = (id: string, changes: Partial<ObjectiveBudget> = {}, context: Parameters<typeof contextOf>[0] = {}) =>
  ask(
    id,
    contextOf({
      readErrorBudget: async () => ({
        asked: true,
        objectives: [
          {
            name: 'errorRate',
            page: quiet,
            ticket: quiet,
            budgetLeft: 0.8,
            budgetSentence: '80 % of the error budget is left',
            sourceError: null,
            ...changes,
          },
        ],
      }),
      ...context,
    }),
  );

describe('error-budget-burn', () => {
  const id = 'error-budget-burn';

  it('passes while nothing burns, and blocks at a rate that pages', async () => {
    expect(await answer(id)).toMatchObject({
      status: 'passed',
      blocking: true,
      evidence: { errorRateBudgetLeft: 0.8 },
    });
    const failed = await answer(id, { page: burning });
    expect(failed).toMatchObject({ status: 'failed', blocking: true, reason: burning.sentence });
    expect(failed.remedy).toContain('mend it first');
    expect(await answer(id, { ticket: burning })).toMatchObject({ status: 'passed' });
  });

  it('is skipped where there is no history, never passed; unknown where the source could not be asked', async () => {
    expect(await answer(id, { page: unknown })).toMatchObject({ status: 'skipped' });
    expect(await answer(id, { page: unknown, sourceError: 'refused' })).toMatchObject({
      status: 'unknown',
      reason: 'nothing measured over 6h: refused',
    });
    expect(await ask(id, contextOf())).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('keeps no history'),
    });
    expect(await answer(id, { page: burning }, { firstDeploy: true })).toMatchObject({ status: 'skipped' });
  });
});

describe('error-budget-left', () => {
  const id = 'error-budget-left';

  it('passes with what is left, and warns of slow burning and of a budget that is used up', async () => {
    expect(await answer(id)).toMatchObject({
      status: 'passed',
      blocking: false,
      reason: '80 % of the error budget is left',
    });
    expect(await answer(id, { ticket: burning })).toMatchObject({ status: 'failed', blocking: false });
    const spent = { budgetLeft: -0.2, budgetSentence: 'overdrawn by 20 %' };
    expect(await answer(id, spent)).toMatchObject({ status: 'failed', blocking: false, reason: 'overdrawn by 20 %' });
  });

  it('is skipped where the past is not known', async () => {
    expect(await answer(id, { budgetLeft: null, budgetSentence: 'how much is left is unknown' })).toMatchObject({
      status: 'skipped',
      reason: 'how much is left is unknown',
    });
    expect(await answer(id, { ticket: unknown, sourceError: 'refused' })).toMatchObject({ status: 'unknown' });
    expect(await ask(id, contextOf())).toMatchObject({ status: 'skipped' });
  });
});
