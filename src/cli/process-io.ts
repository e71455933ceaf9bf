import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import type { Clock } from '../model/clock.ts';
import type { CliIo, Terminal } from './io.ts';

/** The process's own terminal, environment and signals. */
export function createProcessIo(clock: Clock): CliIo {
  // A reader that closes early (`| head`) is no error of ours.
  process.stdout.on('error', () => {});
  return {
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    ask: askLine,
    standardInput: { isTerminal: process.stdin.isTTY === true, read: () => process.stdin },
    terminal: createTerminal(),
    environment: process.env,
    workingDirectory: process.cwd(),
    userName: userName(),
    clock,
    onInterrupt: listenToSignals(),
  };
}

function createTerminal(): Terminal {
  return {
    isTty: process.stdout.isTTY === true,
    isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
    columns: () => process.stdout.columns ?? 80,
    rows: () => process.stdout.rows ?? 24,
    onResize: (listener) => {
      process.stdout.on('resize', listener);
      return () => void process.stdout.off('resize', listener);
    },
  };
}

function askLine(question: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(null);
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    const finish = (answer: string | null): void => {
      signal.removeEventListener('abort', onAbort);
      resolve(answer);
      reader.close();
    };
    const onAbort = (): void => finish(null);
    signal.addEventListener('abort', onAbort, { once: true });
    reader.once('close', () => finish(null));
    // readline takes Ctrl-C from a raw terminal; here it means what it means everywhere else.
    reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    reader.question(question, finish);
  });
}

/** Somebody who presses Ctrl-C three times wants out, whatever is still being tidied. */
const impatience = 3;
const interruptedExitCode = 130;

function listenToSignals(): CliIo['onInterrupt'] {
  const listeners = new Set<() => void>();
  let count = 0;
  const onSignal = (): void => {
    count += 1;
    if (count >= impatience || listeners.size === 0) process.exit(interruptedExitCode);
    for (const listener of listeners) listener();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
