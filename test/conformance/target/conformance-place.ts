import type { Revision } from '../../../src/model/revision.ts';
import type { Act, Target } from '../../../src/model/target.ts';
import type { DriverPlace } from '../../fixtures/driver-program.ts';
import type { Behaviour } from '../../fixtures/process-place.ts';
import type { CaseId } from './case-list.ts';

/** What the suite needs of a driver's place: empty at first, able to make good and bad revisions, and to be disturbed. */
export type ConformancePlace = {
  target: Target;
  revision(version: string, behaviour?: Behaviour): Revision;
  act(changes?: Partial<Act>): Act;
  /** The same driver for a process of its own. */
  driver: DriverPlace;
  /** Programs that the driver starts for a call, by a part of their command line: they may be killed with it. */
  programs: readonly string[];
  /** What becomes of one long request and one websocket that are still open at the deadline of a drain. */
  atDrainDeadline: { cut: number; websocket: 'kept' | 'ended' };
  /** Takes a revision without users away as the platform itself does, where the target cannot. */
  tidy?(revisionId: string): Promise<void>;
  faults: Faults;
  /** Cases that cannot be put to this driver, with the reason. */
  notApplicable?: Partial<Record<CaseId, string>>;
  close(): Promise<void>;
};

export type Faults = {
  /** From now on the engine is there and does not answer; the result ends that. */
  hang(): Promise<() => Promise<void>>;
  /** The same place through an engine that says yes to every change of traffic or role and makes none. */
  deaf(): Promise<{ target: Target; close(): Promise<void> }>;
  /** The same place with less permission than is needed, each way with a name. */
  denied(): Promise<Record<string, (to: MoveRequest) => Promise<Refusal>>>;
  /** Somebody else reloads or restarts the engine. */
  restart(): Promise<void>;
  /** Somebody else gives all users to this revision, past seatrial. */
  meddle(to: Revision): Promise<void>;
};

/** Users are given to a revision, as far as the target can: by weight, else by making it stable. */
export type MoveRequest = { revision: Revision; weightPercent: number; fence: number };

export type Refusal = { code: string; text: string };
