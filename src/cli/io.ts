import type { Clock } from '../model/clock.ts';
import type { StandardInput } from '../model/operation.ts';

/** The outside of the CLI: terminal, environment, time. Handed in, so that every command is tested in-process. */
export type CliIo = {
  writeOut(text: string): void;
  writeError(text: string): void;
  /** One line that a person types, or null at end of input or when the signal fires. */
  ask(question: string, signal: AbortSignal): Promise<string | null>;
  standardInput: StandardInput;
  terminal: Terminal;
  environment: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  userName: string;
  clock: Clock;
  /** Calls back at SIGINT, SIGTERM, SIGHUP; the answer takes it back. */
  onInterrupt(listener: () => void): () => void;
};

export type Terminal = {
  /** stdout is a terminal: it may be redrawn. */
  isTty: boolean;
  /** A person can type: stdin is a terminal too. */
  isInteractive: boolean;
  columns(): number;
  rows(): number;
  onResize(listener: () => void): () => void;
};

/** Colour only on a terminal, and never when NO_COLOR (https://no-color.org) is set to anything. */
export function usesColor(io: CliIo): boolean {
  return io.terminal.isTty && !io.environment['NO_COLOR'] && io.environment['TERM'] !== 'dumb';
}
