import type { StrategySpec } from './config/strategy.ts';
import type { Revision } from './revision.ts';
import type { Step } from './step.ts';
import type { Capabilities } from './target.ts';

export type StrategyRequest = {
  spec: StrategySpec;
  capabilities: Capabilities;
  revision: Revision;
  /** Null on a first deploy. */
  stable: Revision | null;
  /** Instances that the candidate gets. */
  instances: number;
  /** Drain deadline in ms. */
  drainMs: number;
};

/** Steps, or every reason why not, each with what would work. */
export type StrategyResult = { ok: true; steps: Step[] } | { ok: false; reasons: string[]; remedy: string };

/** A way to move users to a revision. Pure. */
export interface Strategy {
  kind: StrategySpec['kind'];
  /** One line: when it is the right one. */
  whenToUse: string;
  /** One line: what it costs. */
  resourceCost: string;
  plan(request: StrategyRequest): StrategyResult;
}
