import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseConfig } from '../../../src/config/load-config.ts';
import { rememberPlace } from '../../../src/journal/known-places.ts';
import { projectFolder, runFolder } from '../../../src/journal/state-folder.ts';
import type { Clock } from '../../../src/model/clock.ts';
import type { RunRecord } from '../../../src/model/run-record.ts';
import type { HookAnswer } from '../../../src/operations/hook/hook-input.ts';
import { type HookEvent, runHook } from '../../../src/operations/hook/run-hook.ts';
import { trustProject } from '../../../src/operations/trust/trust-project.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { journalText } from '../../fixtures/journal-text.ts';

export const projectId = '0123456789abcdef';

export type HookProject = {
  directory: string;
  state: string;
  env: Record<string, string>;
  write(path: string, text: string): void;
  configure(agent?: string): string;
  trust(): Promise<void>;
  /** Puts a run into the state folder as its owner would have left it. */
  addRun(record: RunRecord, how?: { isAttended?: boolean }): string;
  hook(event: HookEvent, input: Record<string, unknown>): Promise<HookAnswer>;
  /** The same for a command of Bash. */
  bash(event: 'pre-tool-use' | 'post-tool-use', command: string, id?: string): Promise<HookAnswer>;
};

/** A project with its state folder, both gone after the test; no program is needed to make it. */
export async function createHookProject(clock: Clock = createSystemClock()): Promise<HookProject> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-hook-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const [directory, state] = [join(base, 'shop'), join(base, 'state')];
  for (const path of [directory, state]) mkdirSync(path, { mode: 0o700 });
  const env = { SEATRIAL_STATE_HOME: state, CLAUDE_PROJECT_DIR: directory, HOME: base };
  const write = (path: string, text: string): void => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  let configured = '';
  const configure = (agent = ''): string => {
    configured = `version: 1\nservice: shop\nenvironments:\n  production:\n    url: http://127.0.0.1:9\n    target: { kind: process, command: [node, server.js] }\n    revision: { ref: "ship-{version}" }\n${agent}`;
    write('seatrial.yaml', configured);
    return configured;
  };
  configure();
  await rememberPlace(state, { directory, projectId });
  const hook: HookProject['hook'] = async (event, input) => {
    const said = await runHook({
      event,
      text: JSON.stringify({ cwd: directory, session_id: 's', ...input }),
      env,
      clock,
    });
    return said === '' ? null : JSON.parse(said);
  };
  return {
    directory,
    state,
    env,
    write,
    configure,
    trust: async () => {
      const { config } = parseConfig(configured);
      await trustProject(
        { config, directory, stateRoot: state },
        { by: 'test', how: 'own-project', atMs: 1, fingerprint: null },
      );
    },
    addRun: (record, { isAttended = false } = {}) => {
      const runId = record.runId.toLowerCase();
      const folder = runFolder(projectFolder(state, projectId), runId);
      mkdirSync(folder.directory, { recursive: true });
      writeFileSync(folder.journal, journalText(runId, record));
      writeFileSync(folder.heartbeat, '');
      if (!isAttended) utimesSync(folder.heartbeat, 1, 1);
      return runId;
    },
    hook,
    bash: (event, command, id = 'toolu_1') =>
      hook(event, { tool_name: 'Bash', tool_input: { command }, tool_use_id: id }),
  };
}
