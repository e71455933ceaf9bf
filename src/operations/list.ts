import type { Operation } from '../model/operation.ts';
import { analyze } from './analyze.ts';
import { approvers } from './approvers.ts';
import { complete } from './complete.ts';
import { demo } from './demo/demo.ts';
import { deployReport } from './deploy-report.ts';
import { deployReview, reviewAcknowledge } from './deploy-review.ts';
import { doctor } from './doctor/doctor.ts';
import { explain } from './explain.ts';
import { freeze } from './freeze/freeze.ts';
import { thaw } from './freeze/thaw.ts';
import { gateCheck } from './gate-check.ts';
import { planQuestionsOperation } from './guided/plan-questions.ts';
import { host } from './host.ts';
import { init } from './init.ts';
import { learnings } from './learnings.ts';
import { learningsCommands } from './learnings-commands.ts';
import { preflight } from './preflight.ts';
import { releaseNotes } from './release-notes.ts';
import { rollback } from './rollback.ts';
import { rolloutApprove } from './rollout-approve.ts';
import { controlCommands, rolloutControl } from './rollout-control.ts';
import { rolloutPlan } from './rollout-plan.ts';
import { rolloutStart } from './rollout-start.ts';
import { rolloutStatus } from './rollout-status.ts';
import { logs, runs } from './runs.ts';
import { smokeTest } from './smoke-test.ts';
import { trust } from './trust/trust.ts';
import { unlock } from './unlock.ts';

/** Everything that can be asked, in the order in which the doors show it. */
export const operations: readonly Operation[] = [
  preflight,
  rolloutPlan,
  rolloutApprove,
  rolloutStart,
  rolloutStatus,
  rolloutControl,
  rollback,
  smokeTest,
  deployReport,
  deployReview,
  learnings,
  releaseNotes,
  gateCheck,
  planQuestionsOperation,
  ...learningsCommands,
  init,
  trust,
  demo,
  explain,
  analyze,
  ...controlCommands,
  freeze,
  thaw,
  doctor,
  unlock,
  host,
  reviewAcknowledge,
  complete,
  runs,
  logs,
  approvers,
];
