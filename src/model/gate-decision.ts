import { z } from 'zod';

/**
 * What a person decided about a pitfall that keeps coming back: a file of `.seatrial/gates`. Accepted, it makes a
 * pre-flight check required; dismissed, the proposal does not come back.
 */
export const gateDecisionSchema = z.strictObject({
  v: z.literal(1),
  pitfall: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/),
  /** Id of the pre-flight check. */
  check: z.string().min(1).max(64),
  action: z.enum(['accepted', 'dismissed']),
  /** Environments in which the pitfall had been met; the gate holds there. */
  environments: z.array(z.string().max(63)).max(100),
  /** Runs in which it had been met, newest first. */
  runs: z.array(z.string().max(64)).max(50),
  by: z.string().min(1).max(200),
  /** How sure it is that a person decided; in the words of approvals. */
  how: z.string().max(40),
  at: z.iso.datetime(),
});
export type GateDecision = z.infer<typeof gateDecisionSchema>;

/** A gate that a person made of a pitfall, and why. */
export type LearnedGate = Pick<GateDecision, 'pitfall' | 'check' | 'environments' | 'runs' | 'by' | 'at'> & {
  title: string;
};
