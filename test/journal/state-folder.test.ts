import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createRunId,
  hostDirectory,
  listRuns,
  lockDirectory,
  projectFolder,
  projectIdOf,
  runFolder,
  stateRoot,
} from '../../src/journal/state-folder.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';
import { temporaryDirectory } from './journal-fixtures.ts';

describe('stateRoot', () => {
  it('follows SEATRIAL_STATE_HOME, XDG_STATE_HOME, HOME, in this order', () => {
    expect(stateRoot({ SEATRIAL_STATE_HOME: '/s', XDG_STATE_HOME: '/x', HOME: '/h' })).toBe('/s');
    expect(stateRoot({ SEATRIAL_STATE_HOME: '', XDG_STATE_HOME: '/x', HOME: '/h' })).toBe('/x/seatrial');
    expect(stateRoot({ XDG_STATE_HOME: 'relative', HOME: '/h' })).toBe('/h/.local/state/seatrial');
    expect(stateRoot({})).toBe(join(homedir(), '.local/state/seatrial'));
  });
});

describe('folders', () => {
  it('are named after what they belong to', () => {
    const id = projectIdOf({ rootCommit: 'a'.repeat(40), configPath: 'seatrial.yaml' });
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(projectIdOf({ rootCommit: 'a'.repeat(40), configPath: 'shop/seatrial.yaml' })).not.toBe(id);
    const project = projectFolder('/s', id);
    expect(project).toEqual({
      directory: `/s/projects/${id}`,
      plans: `/s/projects/${id}/plans`,
      approvals: `/s/projects/${id}/approvals`,
      runs: `/s/projects/${id}/runs`,
    });
    const runId = createRunId(createVirtualClock());
    expect(runFolder(project, runId)).toEqual({
      runId,
      directory: `${project.runs}/${runId}`,
      journal: `${project.runs}/${runId}/journal.jsonl`,
      inbox: `${project.runs}/${runId}/inbox`,
      supervisorLog: `${project.runs}/${runId}/supervisor.log`,
      request: `${project.runs}/${runId}/request.json`,
      heartbeat: `${project.runs}/${runId}/heartbeat`,
      config: `${project.runs}/${runId}/seatrial.yaml`,
    });
    expect(lockDirectory('/s', 'process:/run/shop')).toMatch(/^\/s\/locks\/[0-9a-f]{12}$/);
    expect(hostDirectory('/s', 'process:/run/shop')).toMatch(/^\/s\/hosts\/[0-9a-f]{12}$/);
  });

  it('cannot be led elsewhere by an id', () => {
    const project = projectFolder('/s', '0123456789abcdef');
    for (const id of ['..', '../x', '', 'a'.repeat(25), `${'a'.repeat(25)}/`, 'A'.repeat(26)]) {
      expect(() => runFolder(project, id)).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }));
    }
    expect(() => projectFolder('/s', '../../etc')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });
});

describe('listRuns', () => {
  it('gives the newest first and nothing that is no run', async () => {
    const project = projectFolder(await temporaryDirectory(), '0123456789abcdef');
    expect(await listRuns(project)).toEqual([]);
    const clock = createVirtualClock();
    const ids = [createRunId(clock), createRunId(clock)];
    await clock.advance(5);
    ids.push(createRunId(clock));
    for (const id of [...ids, 'notes']) await mkdir(join(project.runs, id), { recursive: true });
    expect(await listRuns(project)).toEqual([...ids].reverse());
  });
});
