import type { InstanceExit } from '../../system/instance-process.ts';
import type { ProcessIdentity } from '../../system/process-identity.ts';
import type { InstanceRecord } from './host-state.ts';

/** What keeps one instance going, as its supervisor sees it: a process of ours, or whatever the user's commands have started. */
export interface RunningInstance {
  /** Null when it is no process that we know. */
  readonly identity: ProcessIdentity | null;
  /** Called once, in the tick in which the end becomes known; at once when it has ended already. */
  onExit(listener: (exit: InstanceExit) => void): void;
  /** It was ready and answers no health request any more; what nobody else would ever see crash ends by this. */
  healthLost(): void;
  /** Ends it without asking. */
  kill(): void;
  /** Asks it to end, and makes it when that takes longer than `stopMs`. Throws COMMAND_FAILED when it may still be there. */
  end(stopMs: number): Promise<void>;
}

export type InstanceTrace = Pick<InstanceRecord, 'identity' | 'port' | 'launched'>;

/** How one instance is started and found again; keeps at most one going at a time. */
export interface InstanceRunner {
  /** Something may be there that no process of ours tells of. */
  readonly launched: boolean;
  /** What an earlier one has left behind is gone. Throws COMMAND_FAILED when it may still be there. */
  clear(): Promise<void>;
  /** Throws COMMAND_NOT_FOUND, COMMAND_FAILED, STEP_TIMED_OUT; what was begun is then taken away again. */
  start(port: number): Promise<RunningInstance>;
  /** Whether what an earlier host left behind is still there; changes nothing. */
  lives(trace: InstanceTrace): Promise<boolean>;
  /** Takes over what an earlier host left behind; null when it is gone. */
  adopt(trace: InstanceTrace): Promise<RunningInstance | null>;
}
