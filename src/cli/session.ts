import { resolve } from 'node:path';
import type { Operation, OperationContext } from '../model/operation.ts';
import { runCommands } from './follow-run.ts';
import type { CliIo } from './io.ts';
import { createRunViewer, type RunViewer } from './run-viewer.ts';

/** Everything that one command needs while it works. */
export type Session = {
  io: CliIo;
  json: boolean;
  operations: readonly Operation[];
  context: OperationContext;
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
};

export function createSession({ io, json, operations, project }: SessionRequest): Session {
  const cancel = new AbortController();
  const detach = new AbortController();
  let detaches = false;
  const stopListening = io.onInterrupt(() => (detaches ? detach : cancel).abort());
  const viewer = createRunViewer(io, { json, commandsOf: (runId) => runCommands(operations, runId) });
  return {
    io,
    json,
    operations,
    viewer,
    context: {
      projectDirectory: resolve(io.workingDirectory, project ?? '.'),
      caller: { door: 'cli', name: io.userName, client: null, interactive: io.terminal.isInteractive },
      clock: io.clock,
      signal: cancel.signal,
      progress: (message) => viewer.note(message),
      showRun: (record) => viewer.show(record),
    },
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
