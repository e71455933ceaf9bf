import type { Clock } from '../../model/clock.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { InstanceExit } from '../../system/instance-process.ts';
import type { InstanceCommands, InstanceStatus } from './instance-commands.ts';
import type { InstanceRunner, InstanceTrace, RunningInstance } from './running-instance.ts';

export type CommandRunnerOptions = {
  commands: InstanceCommands;
  clock: Clock;
  /** As they are at the moment; the host may be told others. */
  times: () => { startupMs: number; statusEveryMs: number; stopMs: number };
};

/** What has to be taken away before anything new is started. */
type Remains = { port: number; started: boolean };

const gonePollMs = 200;

/**
 * Instances that the user's own commands start, end and look at. Whenever one has ended, in whatever way, `stop` is run, so that
 * nothing of it is in the way of the next one; commands of one instance never overlap, questions about it excepted.
 */
export class CommandRunner implements InstanceRunner {
  readonly #options: CommandRunnerOptions;
  #launched = false;
  #remains: Remains | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
  }

  get launched(): boolean {
    return this.#launched;
  }

  clear(): Promise<void> {
    return this.#inTurn(() => this.#clearRemains());
  }

  async start(port: number): Promise<RunningInstance> {
    this.#launched = true;
    const { commands, times } = this.#options;
    try {
      await this.#inTurn(() => commands.start(port, times().startupMs));
    } catch (thrown) {
      this.#clearLater({ port, started: false });
      throw thrown;
    }
    return this.#running(port);
  }

  /** What is not known to be gone is taken for alive; its health has the last word. */
  async lives({ launched, port }: InstanceTrace): Promise<boolean> {
    if (launched !== true || port === null) return false;
    return (await this.#options.commands.status(port)) !== 'gone';
  }

  async adopt(trace: InstanceTrace): Promise<RunningInstance | null> {
    if (trace.launched !== true || trace.port === null) return null;
    this.#launched = true;
    if (await this.lives(trace)) return this.#running(trace.port);
    this.#clearLater({ port: trace.port, started: true });
    return null;
  }

  #running(port: number): RunningInstance {
    const { commands } = this.#options;
    const watching = new AbortController();
    const listeners: ((exit: InstanceExit) => void)[] = [];
    let ended: InstanceExit | null = null;
    const tellEnd = (): void => {
      if (ended !== null) return;
      ended = { code: null, signal: null, atMs: this.#options.clock.now() };
      watching.abort();
      for (const listener of listeners) listener(ended);
    };
    const endAtOnce = (why: string): void => {
      if (ended !== null) return;
      commands.note(why);
      this.#clearLater({ port, started: true });
      tellEnd();
    };
    void this.#watch(port, watching.signal, () => endAtOnce('it is gone'));
    return {
      identity: null,
      onExit: (listener) => {
        if (ended === null) listeners.push(listener);
        else listener(ended);
      },
      healthLost: () => endAtOnce('it lost its health'),
      kill: () => endAtOnce('it was not healthy in time'),
      end: async () => {
        if (ended !== null) return this.clear();
        watching.abort();
        this.#remains = { port, started: true };
        await this.clear();
        tellEnd();
      },
    };
  }

  async #watch(port: number, signal: AbortSignal, gone: () => void): Promise<void> {
    const { commands, clock, times } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(times().statusEveryMs, signal);
      if (signal.aborted) return;
      const status = await commands.status(port);
      if (status === 'untold') return;
      if (status === 'gone' && !signal.aborted) gone();
    }
  }

  #clearLater(remains: Remains): void {
    this.#remains = remains;
    // Whoever needs the place tries again, and is told.
    this.clear().catch((thrown: unknown) => this.#options.commands.note(String(thrown)));
  }

  async #clearRemains(): Promise<void> {
    const remains = this.#remains;
    if (remains === null) return;
    const { ok, how } = await this.#options.commands.stop(remains.port);
    const status = await this.#statusAfterStop(remains.port);
    // Of what was never started nothing need be there that could be stopped.
    const isGone = status === 'gone' || (status === 'untold' && ok) || (!remains.started && status !== 'running');
    if (!isGone) throw new DeployError('COMMAND_FAILED', { command: 'stop', how, excerpt: statusWords[status] });
    this.#remains = null;
    this.#launched = false;
  }

  /** A program may have been told to end and need its time for it. */
  async #statusAfterStop(port: number): Promise<InstanceStatus> {
    const { commands, clock, times } = this.#options;
    const endMs = clock.monotonic() + times().stopMs;
    for (;;) {
      const status = await commands.status(port);
      if (status === 'gone' || status === 'untold' || clock.monotonic() >= endMs) return status;
      await clock.sleep(gonePollMs);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

const statusWords: Record<InstanceStatus, string> = {
  running: 'status still says that the instance runs',
  unknown: 'status could not tell whether the instance is gone',
  untold: 'the instance may still be there',
  gone: 'the instance is gone',
};
