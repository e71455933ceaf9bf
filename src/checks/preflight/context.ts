import type { CopiesSpec } from '../../model/config/copies.ts';
import type { EnvironmentSpec } from '../../model/config/environment.ts';
import type { DeployError } from '../../model/deploy-error.ts';
import type { Explanation } from '../../model/explanation.ts';
import type { LearnedGate } from '../../model/gate-decision.ts';
import type { History } from '../../model/history.ts';
import type { Revision } from '../../model/revision.ts';
import type { PlaceFinding, TargetState } from '../../model/target.ts';
import type { Repository } from '../../system/git.ts';

type Burn = { state: 'burning' | 'not_burning' | 'unknown'; sentence: string };

/** One objective's error budget: how fast it burns, by severity, and the share of the period's budget (≤ 1) that is left. */
export type ObjectiveBudget = {
  name: string;
  page: Burn;
  ticket: Burn;
  /** Negative when overdrawn; null where the whole period is not known. */
  budgetLeft: number | null;
  budgetSentence: string;
  /** Why a part of the past could not be read; null when every question was answered. */
  sourceError: string | null;
};

export type ErrorBudget = { asked: false; reason: string } | { asked: true; objectives: readonly ObjectiveBudget[] };

/** What pre-flight checks look at: gathered once, so that all checks speak of the same moment. */
export type PreflightContext = {
  projectDirectory: string;
  environmentName: string;
  environment: EnvironmentSpec;
  service: string;
  version: string;
  /** Null together with `revisionError` when the version does not resolve. */
  revision: Revision | null;
  revisionError: DeployError | null;
  strategyKind: string;
  /** Null together with `targetError` when the target cannot be asked. */
  targetState: TargetState | null;
  targetError: DeployError | null;
  /** Asks what the program of the target has and lacks, once; null where there is no such program. */
  assessTarget: (() => Promise<readonly PlaceFinding[]>) | null;
  stable: Revision | null;
  firstDeploy: boolean;
  /** A run that goes on at the same target, other than the one that asks. */
  activeRun: { runId: string; pid: number } | null;
  freeze: { frozen: boolean; reason: string | null; untilMs: number | null };
  /** An emergency stop that holds the environment, in words; null or absent when there is none. */
  stop?: { said: string; untilMs: number | null } | null;
  calendar: { fridayOrBeforeHoliday: boolean; label: string };
  history: readonly History[];
  /** Files of the project's memory that cannot be read: where each lies below `.seatrial`, and what it holds. */
  setAside: ReadonlyArray<{ path: string; reason: string; text: string }>;
  /** What was written down of runs that were taken back. */
  explanations: readonly Explanation[];
  pendingReview: { runId: string } | null;
  /** Pitfalls of the past that this plan should think of. */
  pitfalls: ReadonlyArray<{ id: string; title: string; seen: number; runs: number; blocking: boolean }>;
  /** Checks that people made required here, because a pitfall kept coming back. */
  learnedGates: readonly LearnedGate[];
  /** Asks the metrics source for something, now. */
  metricsProbe: () => Promise<{ ok: boolean; reason: string; evidence: Record<string, string | number | boolean> }>;
  /** Asks the metrics source for the past of the objectives, once. */
  readErrorBudget: () => Promise<ErrorBudget>;
  /** Metrics of latency that the judge could prove with this strategy and source; absent where nobody asks. */
  latencyMetrics?: readonly string[];
  repository: Repository | null;
  /** Folders, of all environments, that get copies of what runs leave behind. */
  copies: readonly CopiesSpec[];
  nowMs: number;
  stateDirectory: string;
};
