import { z } from 'zod';
import { deadManFiredSchema, deadManOrderSchema } from '../../model/dead-man.ts';
import { revisionSchema } from '../../model/revision.ts';
import { instanceSchema } from '../../model/target.ts';
import { processIdentitySchema } from '../../system/process-identity.ts';
import { revisionNamePattern } from './revision-name.ts';

/** What is needed to find an instance again after the host was restarted. */
export const instanceRecordSchema = z.strictObject({
  id: z.string().regex(/^i\d+$/),
  identity: processIdentitySchema.nullable(),
  /** Commands of the user started it, or began to, and nobody has seen it gone; missing in what an older host wrote. */
  launched: z.boolean().optional(),
  port: z.number().int().nullable(),
  startedAtMs: z.number().int().nullable(),
  restarts: z.number().int().nonnegative(),
  /** It has been ready at least once; until then it is being provisioned. */
  wasReady: z.boolean(),
  ready: z.boolean(),
  stopping: z.boolean(),
  lastExit: instanceSchema.shape.lastExit,
});
export type InstanceRecord = z.infer<typeof instanceRecordSchema>;

const surroundings = {
  cwd: z.string().startsWith('/'),
  /** Holds secrets: the state file is closed to others. */
  env: z.record(z.string(), z.string()),
};

const argv = z.array(z.string()).min(1);

const commandedLaunchSchema = z.strictObject({
  ...surroundings,
  commands: z.strictObject({
    start: argv,
    stop: argv,
    status: argv.optional(),
    /** For stop and status; start has the start-up time. */
    timeoutMs: z.number().int().positive(),
    /** What is known of the revision; the instance adds its own. */
    values: z.record(z.string(), z.string()),
  }),
});
export type CommandedLaunch = z.infer<typeof commandedLaunchSchema>;

/** How instances of a revision are started: a program that stays, or commands that start and stop something. */
export const launchSchema = z.union([z.strictObject({ ...surroundings, argv }), commandedLaunchSchema]);
export type Launch = z.infer<typeof launchSchema>;

export const placementSchema = z.strictObject({
  revision: revisionSchema.extend({ id: z.string().regex(revisionNamePattern) }),
  launch: launchSchema,
  wantedInstances: z.number().int().nonnegative(),
  standby: z.boolean(),
  retireAtMs: z.number().int().nullable(),
  /** Being stopped for good: no instance is started any more, and it disappears with the last one. */
  retiring: z.boolean(),
});
export type Placement = z.infer<typeof placementSchema>;

/** Which revisions there are and who is routed where. */
export const routingStateSchema = z.strictObject({
  fence: z.number().int().nonnegative(),
  /** Mixed into every unit's hash. Drawn anew when another revision gets its first weight, and kept while it has any. */
  salt: z.string().min(1),
  saltFor: z.string().nullable(),
  stableId: z.string().nullable(),
  formerStableId: z.string().nullable(),
  weighted: z.strictObject({ revisionId: z.string(), weightPercent: z.number().min(0).max(100) }).nullable(),
  placements: z.array(placementSchema),
});
export type RoutingState = z.infer<typeof routingStateSchema>;

/** The dead-man rollback that a host holds, and by whom it is started again. */
const deadManStateSchema = z.strictObject({
  armed: deadManOrderSchema.nullable(),
  fired: deadManFiredSchema.nullable(),
  /** The host that wrote this. */
  host: processIdentitySchema,
  /** The process that starts a host that has died, as long as something is armed. */
  guard: processIdentitySchema.nullable(),
});
export type DeadManState = z.infer<typeof deadManStateSchema>;

/** The file `state.json` of a host. */
export const hostStateSchema = z.strictObject({
  v: z.literal(1),
  cut: z.number().int().nonnegative(),
  routing: routingStateSchema,
  instances: z.record(z.string(), z.array(instanceRecordSchema)),
  directPorts: z.record(z.string(), z.number().int()),
  /** Missing in what an older host wrote. */
  deadMan: deadManStateSchema.optional(),
});
export type HostState = z.infer<typeof hostStateSchema>;

/** A host that has never had a revision. */
export function emptyRoutingState(salt: string): RoutingState {
  return { fence: 0, salt, saltFor: null, stableId: null, formerStableId: null, weighted: null, placements: [] };
}
