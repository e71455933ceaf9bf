import type { Clock } from '../../model/clock.ts';
import type { SocketAddress } from '../../system/ask-socket.ts';
import { type FollowedSocket, followSocket } from '../../system/follow-socket.ts';
import { parseLogLine } from './request-log.ts';
import { joinCommands, runtimeCommand } from './runtime-command.ts';

export type LogStreamOptions = {
  address: SocketAddress;
  ring: string;
  from: 'begin' | 'now';
  /** The last line that was taken of this worker before: what stands up to it in the ring is passed over. */
  lastLineOf(pid: number): string | null;
  clock: Clock;
  take(line: string, pid: number): void;
};

/** Threads may overtake each other by so many lines; one that lies further on was not reached by going back. */
const disorder = 1000;

/** The log of one worker of HAProxy, as it is written. */
export class LogStream {
  /** Null until the worker has said who it is. */
  pid: number | null = null;
  open = true;
  openSince: number | null = null;
  heardAt: number;
  readonly #options: LogStreamOptions;
  readonly #socket: FollowedSocket;
  #resumeAfter: string | null = null;

  constructor(options: LogStreamOptions) {
    const { address, ring, from, clock } = options;
    this.#options = options;
    this.heardAt = clock.monotonic();
    this.#socket = followSocket({
      address,
      text: joinCommands([runtimeCommand.showInfo(), runtimeCommand.followRing(ring, from)]),
      longestLine: 4096,
      onLine: (line) => this.#take(line),
      onEnd: () => {
        this.open = false;
      },
    });
  }

  close(): void {
    this.open = false;
    this.#socket.close();
  }

  #take(line: string): void {
    const { clock, from, lastLineOf, take } = this.#options;
    this.heardAt = clock.monotonic();
    if (this.pid === null) {
      const pid = /^Pid: (\d+)$/.exec(line)?.[1];
      if (pid === undefined) return;
      this.pid = Number(pid);
      this.openSince = this.heardAt;
      if (from === 'begin') this.#resumeAfter = lastLineOf(this.pid);
      return;
    }
    if (line === '' || this.#skips(line)) return;
    take(line, this.pid);
  }

  /** What was taken before. When the ring has gone on beyond it, what is missing shows in the count of lines. */
  #skips(line: string): boolean {
    if (this.#resumeAfter === null) return false;
    if (line === this.#resumeAfter) {
      this.#resumeAfter = null;
      return true;
    }
    const [last, logged] = [parseLogLine(this.#resumeAfter), parseLogLine(line)];
    const beyond =
      last !== null && logged !== null && (logged.pid !== last.pid || logged.logged > last.logged + disorder);
    if (beyond) this.#resumeAfter = null;
    return !beyond;
  }
}
