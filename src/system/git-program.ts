import { allowedEnvironment } from './environment.ts';
import { type CommandResult, runCommand } from './exec.ts';
import type { PrivateRepository } from './private-repository.ts';

export type GitCall = {
  args: readonly string[];
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  input?: string | undefined;
  /** Variables beside those that keep git to our own git dir. */
  set?: Readonly<Record<string, string>>;
};

/** Runs git on our own git dir and the project's work tree, with no other configuration than ours. */
export function runGit({ top, gitDir }: PrivateRepository, call: GitCall): Promise<CommandResult> {
  return runCommand({
    argv: ['git', ...call.args],
    cwd: top,
    env: allowedEnvironment({
      pass: [],
      fileText: null,
      set: {
        GIT_DIR: gitDir,
        GIT_WORK_TREE: top,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_ATTR_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_NO_REPLACE_OBJECTS: '1',
        GIT_NO_LAZY_FETCH: '1',
        GIT_ALLOW_PROTOCOL: 'none',
        GIT_LITERAL_PATHSPECS: '1',
        LC_ALL: 'C',
        ...call.set,
      },
    }),
    timeoutMs: call.timeoutMs,
    signal: call.signal,
    input: call.input,
    outputLimit: 10_000_000,
  });
}
