import { resolve } from 'node:path';
import type { AttendingPerson, Operation, OperationContext } from '../model/operation.ts';
import { printable } from '../model/printable.ts';
import { createRunViewer } from './create-run-viewer.ts';
import { placeOfRun, runCommands } from './follow-run.ts';
import type { CliIo } from './io.ts';
import type { RunViewer } from './run-viewer.ts';

/** Everything that one command needs while it works. */
export type Session = {
  io: CliIo;
  json: boolean;
  operations: readonly Operation[];
  context: OperationContext;
  /** The same for work whose runs are to be watched while it goes on. */
  watching: OperationContext;
  viewer: RunViewer;
  /** Fires at Ctrl-C once `detachOnInterrupt` was called; before that Ctrl-C cancels the work through `context.signal`. */
  detach: AbortSignal;
  detachOnInterrupt(): void;
  close(): void;
};

export type SessionRequest = {
  io: CliIo;
  json: boolean;
  operations: readonly Operation[];
  project: string | undefined;
  ci?: boolean;
  base?: string | undefined;
};

export function createSession({ io, json, operations, project, ci = false, base }: SessionRequest): Session {
  const cancel = new AbortController();
  const detach = new AbortController();
  let detaches = false;
  const stopListening = io.onInterrupt(() => (detaches ? detach : cancel).abort());
  const viewer = createRunViewer(io, { json, commandsOf: (record) => runCommands(operations, placeOfRun(record)) });
  const context: OperationContext = {
    projectDirectory: resolve(io.workingDirectory, project ?? '.'),
    caller: { door: 'cli', name: io.userName, client: null, interactive: io.terminal.isInteractive },
    clock: io.clock,
    signal: cancel.signal,
    standardInput: io.standardInput,
    ...(io.terminal.isInteractive ? { person: personAt(io, { json, signal: cancel.signal }) } : {}),
    ...(ci ? { ci: { base: base ?? null } } : {}),
    // What is counted is shown while it lasts; what is only said stays.
    progress: (message, done, total) =>
      done === undefined ? viewer.note(message) : viewer.glimpse(`${done}/${total ?? '?'} ${message}`),
  };
  return {
    io,
    json,
    operations,
    viewer,
    context,
    watching: { ...context, showRun: (record) => viewer.show(record) },
    detach: detach.signal,
    detachOnInterrupt: () => {
      detaches = true;
    },
    close: () => {
      viewer.close();
      stopListening();
    },
  };
}

/** Whoever sits at the terminal; with `--json` standard output is the answer's alone. */
function personAt(io: CliIo, { json, signal }: { json: boolean; signal: AbortSignal }): AttendingPerson {
  const write = json ? io.writeError : io.writeOut;
  return {
    show: (text) => write(`${printable(text)}\n\n`),
    ask: (question) => io.ask(question, signal),
  };
}
