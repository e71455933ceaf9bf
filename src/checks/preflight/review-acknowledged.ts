import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Blocks unless the project wants a warning: what the last run taught is taken in before the next one. */
export function createReviewCheck(blocking: boolean): Check<PreflightContext> {
  return {
    id: 'review-acknowledged',
    title: 'Review of the last run is acknowledged',
    category: 'approvals',
    blocking,
    run: async ({ pendingReview }) => {
      if (pendingReview === null) return passed('no review is open');
      const { runId } = pendingReview;
      const remedy = `Complete it (deploy_review, or seatrial review draft ${runId}), then a person runs: seatrial review acknowledge ${runId}`;
      return failed(`the review of run ${runId} is not acknowledged`, remedy, { runId });
    },
  };
}
