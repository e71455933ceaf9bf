import { z } from 'zod';
import { deadManOrderSchema, deadManReadingSchema } from '../../model/dead-man.ts';
import { DeployError, errorOfCode } from '../../model/deploy-error.ts';
import { targetStateSchema } from '../../model/target.ts';
import { hostSpecSchema } from './host-spec.ts';
import { launchSchema, placementSchema } from './host-state.ts';

const fence = z.number().int().nonnegative();
const revisionId = z.string();

/** What may be asked of a running host on its control socket; every one names a wanted state, so asking twice is asking once. */
export const controlRequests = {
  /** `instances` instances of the revision are wanted; starts what is missing, keeps what there is more. */
  place: z.strictObject({
    fence,
    revision: placementSchema.shape.revision,
    /** Null for a revision that the host knows: it is started as it always was. */
    launch: launchSchema.nullable(),
    instances: z.number().int().nonnegative(),
  }),
  scale: z.strictObject({
    fence,
    revisionId,
    instances: z.number().int().nonnegative(),
    /** Instances that go first, by id: whoever routes users to them has let them finish already. */
    leaving: z.array(z.string()).optional(),
  }),
  weight: z.strictObject({ fence, revisionId, weightPercent: z.number().min(0).max(100) }),
  promote: z.strictObject({ fence, revisionId, standbyMs: z.number().int().nonnegative() }),
  retire: z.strictObject({ fence, revisionId }),
  /** Ends the plain requests that are still open at a revision without weight. */
  cut: z.strictObject({ fence, revisionId }),
  arm: deadManOrderSchema,
  /** Changes nothing that must last. */
  renew: deadManOrderSchema.pick({ runId: true, fence: true, owners: true }),
  disarm: deadManOrderSchema.pick({ runId: true, fence: true }),
  spec: z.strictObject({ fence, spec: hostSpecSchema }),
  down: z.strictObject({ fence }),
};
export type ControlName = keyof typeof controlRequests;
export type ControlRequest<Name extends ControlName> = z.infer<(typeof controlRequests)[Name]>;

/** Answer to every request that went well. */
export const hostAnswerSchema = z.strictObject({
  pid: z.number().int(),
  spec: hostSpecSchema,
  state: targetStateSchema,
  /** Revision id → port of 127.0.0.1 that reaches only this revision. */
  directPorts: z.record(z.string(), z.number().int()),
  formerStableId: z.string().nullable(),
  /** The table that the proxy decides by at this moment. */
  table: z.strictObject({
    stableId: z.string().nullable(),
    candidateId: z.string().nullable(),
    candidateSlots: z.number().int(),
  }),
  /** Revision id → plain requests in flight; websockets and event streams are left out. */
  plainInFlight: z.record(z.string(), z.number().int()),
  /** Revision id → the last lines of an instance that does not start. */
  excerpts: z.record(z.string(), z.string()),
  /** Requests ended by this very call. */
  cut: z.number().int().nonnegative(),
  /** Missing in the answers of an older host, which can hold none. */
  deadMan: deadManReadingSchema.optional(),
});
export type HostAnswer = z.infer<typeof hostAnswerSchema>;

export const hostRefusalSchema = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  }),
});

/** The error that a host told, with its code. Pure. */
export function refusalToError(refusal: z.infer<typeof hostRefusalSchema>['error']): DeployError {
  const { code, details } = refusal;
  return errorOfCode(code, details) ?? new DeployError('TARGET_REFUSED', { reason: code });
}
