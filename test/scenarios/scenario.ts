/** One situation an agent meets, as data: what is there, what the person says, and what is right to do. */
export type Scenario = {
  name: string;
  /** The person's words. */
  user: string;
  state: State;
  /** Tool calls in their right order, with what each reply must say so that the next one is obvious. */
  right: Call[];
  /** Calls that an agent must not make. Made all the same they are refused, or do nothing that matters, and say what is right. */
  mustNot: Array<Call & { /** Number of right calls that have been made before. */ after: number }>;
};

/** `$plan` and `$run` in arguments stand for the newest plan id and run id that a reply has named. */
export type Call = {
  tool: string;
  args?: Record<string, unknown>;
  /** The answer is an error. */
  refused?: true;
  says: RegExp[];
  /** What happens in the world just before the call. */
  before?: Happening;
};

export type Happening = { what: 'time passes'; ms: number } | { what: 'config changes'; config: ConfigState };

export type ConfigState = {
  approval?: string;
  review?: 'off' | 'warn' | 'block';
  /** More lines of the environment production. */
  production?: string;
  /** A second environment of this name. */
  second?: string;
};

export type RunState = {
  kind:
    | 'succeeded'
    | 'rolledBack'
    | 'failed'
    | 'aborted'
    | 'unverified'
    | 'rollbackFailed'
    | 'running'
    | 'held'
    /** Held at the end of its bake, for data; `asking`: at a gate, for a person. */
    | 'inconclusive'
    | 'asking'
    | 'frozen';
  version: string;
  /** How it is approved; a dialog by default. */
  approval?: 'none' | 'client-dialog' | 'terminal';
  environment?: string;
  /** What the target said while it failed. */
  said?: string;
  /** False: nobody was notified of it. */
  told?: boolean;
  /** Its supervisor is no more. */
  ownerGone?: true;
};

export type State = {
  /** Null: no seatrial.yaml. */
  config?: ConfigState | null;
  untrusted?: true;
  /** What serves; 1.3.0 by default. */
  live?: string;
  /** Oldest first. */
  runs?: RunState[];
  /** Reason of an emergency stop. */
  stop?: string;
  /** The name by which the client introduces itself. */
  client?: string;
  /** Real time, for runs that really start. */
  realTime?: true;
};
