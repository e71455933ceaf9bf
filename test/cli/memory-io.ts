import type { CliIo } from '../../src/cli/io.ts';
import type { Clock } from '../../src/model/clock.ts';

export type MemoryIo = CliIo & {
  out: string[];
  errors: string[];
  asked: string[];
  interrupt(): void;
  resize(columns: number): void;
};

export type MemoryIoOptions = {
  isTty?: boolean;
  isInteractive?: boolean;
  columns?: number;
  rows?: number;
  environment?: Record<string, string>;
  answers?: Array<string | null>;
  clock?: Clock;
  /** What is piped in; without it a person sits at the terminal. */
  input?: string;
};

/** A terminal in memory; time passes at once, without waiting. */
export function createMemoryIo(options: MemoryIoOptions = {}): MemoryIo {
  const listeners = new Set<() => void>();
  const resizers = new Set<() => void>();
  const answers = [...(options.answers ?? [])];
  const out: string[] = [];
  const errors: string[] = [];
  const asked: string[] = [];
  let columns = options.columns ?? 80;
  return {
    out,
    errors,
    asked,
    writeOut: (text) => void out.push(text),
    writeError: (text) => void errors.push(text),
    ask: async (question) => {
      asked.push(question);
      return answers.shift() ?? null;
    },
    standardInput: {
      isTerminal: options.input === undefined,
      read: () => pipe(options.input ?? ''),
    },
    terminal: {
      isTty: options.isTty ?? false,
      isInteractive: options.isInteractive ?? false,
      columns: () => columns,
      rows: () => options.rows ?? 40,
      onResize: (listener) => {
        resizers.add(listener);
        return () => void resizers.delete(listener);
      },
    },
    environment: options.environment ?? {},
    workingDirectory: '/projects/shop',
    userName: 'ada',
    clock: options.clock ?? createInstantClock(),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    interrupt: () => {
      for (const listener of listeners) listener();
    },
    resize: (next) => {
      columns = next;
      for (const listener of resizers) listener();
    },
  };
}

async function* pipe(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

function createInstantClock(): Clock {
  let now = Date.UTC(2026, 0, 5, 10, 2);
  return {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms, signal) => {
      now += ms;
      // Timers and signals of the test get their turn.
      await new Promise((resolve) => setImmediate(resolve));
      return signal?.aborted ? 'aborted' : 'elapsed';
    },
  };
}
