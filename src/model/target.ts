import { z } from 'zod';
import type { DeadManOrder, DeadManReading } from './dead-man.ts';
import { type Revision, revisionSchema } from './revision.ts';
import type { TrafficFeed } from './traffic.ts';

export const instanceSchema = z.strictObject({
  id: z.string(),
  state: z.enum(['starting', 'ready', 'unhealthy', 'backing_off', 'draining', 'stopped', 'gave_up']),
  pid: z.number().int().nullable(),
  /** Where this one instance answers, without the traffic path; null when the target cannot tell. */
  url: z.string().nullable(),
  restarts: z.number().int().nonnegative(),
  startedAtMs: z.number().int().nullable(),
  lastExit: z
    .strictObject({
      code: z.number().int().nullable(),
      signal: z.string().nullable(),
      oom: z.boolean(),
      atMs: z.number().int(),
    })
    .nullable(),
});
export type Instance = z.infer<typeof instanceSchema>;

export const placedRevisionSchema = z.strictObject({
  revision: revisionSchema,
  role: z.enum(['stable', 'candidate', 'standby']),
  /** Share of assignment units that is routed here now. */
  weightPercent: z.number().min(0).max(100),
  wantedInstances: z.number().int().nonnegative(),
  instances: z.array(instanceSchema),
  inFlight: z.number().int().nonnegative(),
  /** Unix ms at which a standby is retired by the target itself; null when never. */
  retireAtMs: z.number().int().nullable(),
});
export type PlacedRevision = z.infer<typeof placedRevisionSchema>;

/** What a target says of itself, read and never assumed. */
export const targetStateSchema = z.strictObject({
  /** False when the place exists on paper but does not answer traffic (a local host that is down). */
  up: z.boolean(),
  /** Changes whenever the stable revision, the weights or the set of revisions change; not with health, pids or time. */
  token: z.string(),
  /** Highest fencing token that changed this target. */
  fence: z.number().int().nonnegative(),
  /** Requests and connections cut at a drain deadline since the target came up. */
  cut: z.number().int().nonnegative(),
  revisions: z.array(placedRevisionSchema),
});
export type TargetState = z.infer<typeof targetStateSchema>;

/** Handed to every changing call. */
export type Act = {
  /** The same for every repetition of the same step of the same run. */
  idempotencyKey: string;
  /** Fencing token of the lock; a target that can compare refuses a lower one than it has seen. */
  fence: number;
  deadlineMs: number;
  signal: AbortSignal;
  /** `back` while users return to a revision that served before; a platform may have a way of its own for that. Left out: forward. */
  way?: 'forward' | 'back';
  /** Called once the data plane obeys a change of traffic, which may be before the call returns; again when it is done again. */
  moved?: () => void;
};

/** A call that every Target has, and that some cannot make; there it throws TARGET_REFUSED. `standby`: retire one by itself. */
export type TargetLack = 'provision' | 'promote' | 'drain' | 'retire' | 'standby';

/**
 * A place where revisions run and traffic is moved. The optional groups are capabilities, and `lacks` names what is missing of
 * the rest: what is absent is refused when planning, never skipped. Every call throws DeployError (TARGET_UNREACHABLE, TARGET_REFUSED, PROVISION_FAILED,
 * STEP_TIMED_OUT …) and is idempotent.
 */
export interface Target {
  readonly kind: string;
  /** Names the place itself, not the checkout: two projects that drive the same place share the lock. */
  readonly identity: string;
  inspect(signal: AbortSignal): Promise<TargetState>;
  /** `instances` instances of the revision are healthy and have no users. Throws with the reason when they do not come up. */
  provision(request: { revision: Revision; instances: number }, act: Act): Promise<void>;
  /** The revision is stable; whatever was stable becomes standby, retired by the target after `standbyMs` (0: never by itself). */
  promote(request: { revision: Revision; standbyMs: number }, act: Act): Promise<void>;
  /** No instance of the revision is left. Refuses a revision that still has weight. */
  retire(request: { revisionId: string }, act: Act): Promise<void>;
  /** Base URL that reaches only instances of this revision, for smoke tests before users; null when there is none. */
  candidateUrl(revisionId: string, signal: AbortSignal): Promise<string | null>;
  /** Base URL of the traffic path that users take. */
  readonly url: string;
  /** Header of answers on the traffic path that tells the revision id that answered. */
  readonly revisionHeader: string | null;
  /** What that header holds, where it is not the revision id. */
  readonly revisionHeaderTells?: 'version' | 'commit';
  /** Left out: nothing. */
  readonly lacks?: readonly TargetLack[];
  readonly traffic?: TrafficControl;
  readonly batches?: BatchControl;
  /** Requests of users as they come and end; where seatrial itself is the proxy, or the proxy tells of each. */
  readonly feed?: TrafficFeed;
  /** Where another program routes users and counts them. */
  readonly totals?: TrafficTotals;
  /** Starts, crashes and ends of instances, where `feed` does not tell them but somebody looks after them. It counts no requests of users. */
  readonly instances?: TrafficFeed;
  /** Where others can change how users are routed. */
  readonly foreign?: ForeignControl;
  /** Where something at the target goes back by itself when nobody is left who attends to a run. */
  readonly deadMan?: DeadManControl;
  /** Where another program must have been prepared: what it has and lacks. Changes nothing; throws as `inspect` does. */
  readonly assess?: (signal: AbortSignal) => Promise<readonly PlaceFinding[]>;
}

export interface ForeignControl {
  /** What a run does about it: put it back; hold until it is undone or a person says so; go back. */
  readonly policy: 'reapply' | 'hold' | 'abort';
  /** How the place differs from how it was left, cheap enough for once a second; nothing while a change of our own is under way. */
  look(signal: AbortSignal): Promise<ForeignChanges>;
  /** The place is as the target wants it again. */
  restore(act: Act): Promise<void>;
}

export type ForeignChanges = {
  /** One sentence for each thing that was changed. */
  changes: readonly string[];
  /** By whom, as far as the place tells. */
  by: string;
  /** That the program was reloaded or restarted since the last look; null when it was not. */
  reloaded: string | null;
};

/** One thing that the program of a place must have. */
export type PlaceFinding = {
  part: string;
  /** `unknown`: nobody can tell from here. Never counts as present. */
  state: 'present' | 'missing' | 'unknown';
  /** `running`: as the program itself says; `file`: as its configuration on disk says, which may not be loaded yet. */
  source: 'running' | 'file';
  detail: string;
  /** Which line to put where; null when there is nothing to add. */
  add: string | null;
};

/** Requests of users that have ended since `epoch` began; a total never falls within one. */
export type RevisionTotals = { epoch: string; requests: number; failures: number };

export interface TrafficTotals {
  /** By revision id; a revision that users are not routed to is absent. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, RevisionTotals>>;
}

export interface TrafficControl {
  /** Users move all at once: no weight but 0 and 100 can be set. */
  readonly wholeOnly?: boolean;
  /** `revisionId` gets `weightPercent` of assignment units, the stable revision the rest. */
  setWeight(request: { revisionId: string; weightPercent: number }, act: Act): Promise<void>;
  /** Waits until the revision has no request in flight, at most `deadlineMs`. Refuses a revision that still has weight. */
  drain(request: { revisionId: string; deadlineMs: number }, act: Act): Promise<{ cut: number }>;
}

export interface BatchControl {
  /** The two revisions run with these instance counts and traffic in proportion; capacity never falls below the larger total. */
  replaceBatch(
    request: { candidate: Revision; candidateInstances: number; stableInstances: number },
    act: Act,
  ): Promise<void>;
}

/**
 * A place that takes users back by itself when the owner of a run and its watchdog are gone, or have not renewed in time.
 * Every call throws TARGET_FENCED for an older fence, TARGET_REFUSED, TARGET_UNREACHABLE.
 */
export interface DeadManControl {
  /** Armed for this run, instead of whatever was before; what is armed is on the disk when it resolves. */
  arm(order: DeadManOrder, act: Act): Promise<void>;
  /** Somebody is still there. Tells of a firing, also of this very run. */
  renew(renewal: Pick<DeadManOrder, 'runId' | 'fence' | 'owners'>, signal: AbortSignal): Promise<DeadManReading>;
  /** Nothing is armed any more; what is not armed stays so. */
  disarm(order: Pick<DeadManOrder, 'runId' | 'fence'>, signal: AbortSignal): Promise<void>;
  /** Changes nothing. Null where nobody runs who could hold one. */
  read(signal: AbortSignal): Promise<DeadManReading | null>;
}

/** What a strategy needs to know of a place; derived from a Target and its state. Plain data, so that planning stays pure. */
export type Capabilities = {
  targetKind: string;
  /** How users can be moved: by any share, all at once, or only by making a revision stable. */
  traffic: 'shares' | 'whole' | 'none';
  batches: boolean;
  /** The candidate can be started beside the stable revision, without users. */
  provision: boolean;
  promote: boolean;
  drain: boolean;
  retire: boolean;
  /** The target keeps a former stable revision as standby and retires it by itself. */
  standby: boolean;
  /** Instances of the stable revision now, 0 on a first deploy. */
  instances: number;
};
