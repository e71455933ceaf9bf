import type { Operation } from '../model/operation.ts';
import { analyze } from './analyze.ts';
import { demo } from './demo/demo.ts';
import { deployReport } from './deploy-report.ts';
import { deployReview } from './deploy-review.ts';
import { explain } from './explain.ts';
import { host } from './host.ts';
import { init } from './init.ts';
import { learnings } from './learnings.ts';
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
  init,
  demo,
  explain,
  analyze,
  ...controlCommands,
  host,
  runs,
  logs,
];
