import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assessChecks } from '../../src/checks/assess-checks.ts';
import { requiredChecks, requireLearned } from '../../src/checks/require-learned.ts';
import type { OperationContext } from '../../src/model/operation.ts';
import { decideGate, describeProposal } from '../../src/operations/decide-gate.ts';
import { readDecisions } from '../../src/operations/gate-decisions.ts';
import { loadSources } from '../../src/operations/learnings-files.ts';
import { duePitfalls, renderDuePitfalls } from '../../src/report/learnings/due-pitfalls.ts';
import { assessPitfalls, type GateStanding, learnedGates } from '../../src/report/learnings/pitfall-standing.ts';
import {
  createLearningsProject,
  dayEntry,
  type LearningsProject,
  projectConfig,
} from '../fixtures/learnings-project.ts';
import { check } from '../fixtures/run-records.ts';

let project: LearningsProject;
beforeEach(() => {
  project = createLearningsProject();
  meet('silent-deploy', [1, 2, 3]);
});
afterEach(() => project.remove());

function meet(pitfall: string, days: readonly number[], environment = 'production'): void {
  for (const day of days) project.addRun(dayEntry(day, { pitfalls: [pitfall], environment }));
}

const sources = async () => loadSources(await project.open());
const standing = async (id: string) => {
  const found = assessPitfalls(await sources()).find(({ pitfall }) => pitfall.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
};
const state = async (id = 'silent-deploy'): Promise<GateStanding['state']> => (await standing(id)).gate.state;
const codeOf = async (id = 'silent-deploy'): Promise<string> =>
  /--code ([0-9A-F]{6})/.exec(describeProposal(await standing(id)) ?? '')?.[1] ?? '';

async function decide(
  action: 'accepted' | 'dismissed',
  {
    pitfall = 'silent-deploy',
    code,
    caller = {},
  }: { pitfall?: string; code?: string; caller?: Partial<OperationContext['caller']> } = {},
): Promise<string> {
  const given = { pitfall, action, code: code ?? (await codeOf(pitfall)) };
  return (await decideGate(await project.open(), given, project.context(caller))).text;
}

describe('a proposal', () => {
  it('comes from three runs on, and not before', async () => {
    expect(await state()).toBe('proposed');
    expect(await state('friday-deploy')).toBe('none');
    meet('friday-deploy', [4, 5]);
    expect(await state('friday-deploy')).toBe('none');
  });

  it('does not come where the configuration asks for the check already', async () => {
    project.remove();
    project = createLearningsProject(`${projectConfig}    gates: { require: [notify] }\n`);
    meet('silent-deploy', [1, 2, 3]);
    expect(await state()).toBe('configured');
    await expect(decide('accepted', { code: 'X' })).rejects.toThrow('gates.require has notify already');
  });

  it('fades when it was not met within the window any more', async () => {
    project.addRun(dayEntry(200));
    expect(await state()).toBe('none');
  });
});

describe('a person', () => {
  it('accepts it at a terminal by its code, and it is written down with its reasons', async () => {
    expect(await decide('accepted')).toContain('Accepted by ada (terminal)');
    expect(await state()).toBe('accepted');
    const { decisions } = await readDecisions(project);
    expect(decisions).toMatchObject([
      {
        pitfall: 'silent-deploy',
        check: 'notify',
        action: 'accepted',
        environments: ['production'],
        runs: ['run-00003', 'run-00002', 'run-00001'],
        by: 'ada',
        how: 'terminal',
      },
    ]);
    expect(project.read('learnings.md')).toContain('**Gate**: `notify` must pass (production), accepted by ada on 20');
    expect(renderDuePitfalls(duePitfalls(await sources()))).toContain('It is a gate now: `notify`.');
    await expect(decide('accepted', { code: 'X' })).rejects.toThrow('it is accepted already');
  });

  it('dismisses it, and it does not come back however often it is met', async () => {
    expect(await decide('dismissed')).toContain('Dismissed by ada');
    meet('silent-deploy', [4, 5, 6, 7, 8, 9]);
    expect(await state()).toBe('dismissed');
    expect(renderDuePitfalls(duePitfalls(await sources()))).not.toContain('Proposed');
    expect(project.read('learnings.md')).toContain('**Gate dismissed**: `notify` by ada');
    await expect(decide('dismissed', { code: 'X' })).rejects.toThrow('it is dismissed already');
  });

  it('may change their mind in both directions', async () => {
    const code = await codeOf();
    await decide('dismissed', { code });
    await new Promise((done) => setTimeout(done, 5));
    await decide('accepted', { code });
    expect(await state()).toBe('accepted');
    await new Promise((done) => setTimeout(done, 5));
    await decide('dismissed', { code });
    expect(await state()).toBe('dismissed');
    expect(readdirSync(project.path('gates'))).toHaveLength(3);
  });

  it.each([
    [{ code: '000000' }, 'not that of this gate'],
    [{ caller: { interactive: false } }, 'no person is at this terminal'],
    [{ caller: { door: 'mcp', client: 'other' } }, 'is not known to ask a person'],
    [{ caller: { door: 'mcp', client: null } }, 'is not known to ask a person'],
    [{ pitfall: 'no-such', code: 'X' }, 'there is no such pitfall'],
    [{ pitfall: 'friday-deploy', code: 'X' }, 'it was met in 0 of the last runs'],
    [{ pitfall: 'overridden-gate', code: 'X' }, 'no pre-flight check could have found it'],
  ] as const)('is asked for: %o', async (given, reason) => {
    await expect(decide('accepted', given)).rejects.toThrow(reason);
    await expect(decide('dismissed', given)).rejects.toThrow(reason);
    expect((await readDecisions(project)).decisions).toEqual([]);
  });

  it('is asked by the strictest rule of the environments in which it was met', async () => {
    project.remove();
    project = createLearningsProject(
      `${projectConfig}  dev:\n    url: http://127.0.0.1:8081\n    target: { kind: process, command: [node, server.js] }\n`,
    );
    meet('silent-deploy', [1, 2, 3], 'dev');
    expect(await decide('accepted', { caller: { door: 'mcp', client: 'other', name: 'other' } })).toContain('(none)');
    meet('friday-deploy', [4, 5], 'dev');
    meet('friday-deploy', [6]);
    const mcp = { door: 'mcp', client: 'other' } as const;
    await expect(decide('accepted', { pitfall: 'friday-deploy', caller: mcp })).rejects.toThrow('not known to ask');
  });
});

describe('an accepted gate', () => {
  it('stays after 180 days without the pitfall, and says that it may be lifted', async () => {
    const code = await codeOf();
    await decide('accepted');
    const { decisions, catalogue } = await sources();
    const later = dayEntry(400);
    const faded = assessPitfalls({ catalogue, decisions, history: [later] }).find(
      ({ pitfall }) => pitfall.id === 'silent-deploy',
    );
    expect(faded?.gate).toMatchObject({ state: 'accepted', faded: true });
    expect(learnedGates(catalogue, decisions)).toMatchObject([{ check: 'notify', environments: ['production'] }]);
    project.addRun(later);
    await decide('dismissed', { code });
    expect(learnedGates(catalogue, (await readDecisions(project)).decisions)).toEqual([]);
  });

  it('of two decisions at one moment the gate holds', async () => {
    const { catalogue } = await sources();
    await decide('accepted');
    const [accepted] = (await readDecisions(project)).decisions;
    if (accepted === undefined) throw new Error('nothing was decided');
    const both = [accepted, { ...accepted, action: 'dismissed' as const }];
    expect(learnedGates(catalogue, both)).toHaveLength(1);
    expect(learnedGates(catalogue, [...both].reverse())).toHaveLength(1);
  });

  const gate = {
    pitfall: 'silent-deploy',
    title: 'Silent Deploy',
    check: 'notify',
    environments: ['production'],
    runs: ['r3', 'r2', 'r1', 'r0'],
    by: 'ada',
    at: '2026-11-30T10:00:00.000Z',
  };

  it('stops what is not asked, not known or failed, with the reason and the runs; and nothing that passed', () => {
    for (const status of ['skipped', 'unknown', 'failed'] as const) {
      const results = requireLearned([check('notify', status, { blocking: false }), check('tests', 'skipped')], [gate]);
      const { ok, text } = assessChecks(results, requiredChecks([], [gate]));
      expect(ok).toBe(false);
      expect(text).toContain(
        'required since “Silent Deploy” was met in runs r3, r2, r1; accepted by ada on 2026-11-30',
      );
      expect(results[1]).toEqual(check('tests', 'skipped'));
    }
    const passed = requireLearned([check('notify', 'passed')], [gate]);
    expect(assessChecks(passed, requiredChecks([], [gate]))).toMatchObject({ ok: true });
  });

  it('stops when its check was never asked, and adds nothing to what is configured already', () => {
    expect(assessChecks([check('tests', 'passed')], requiredChecks(['tests'], [gate])).ok).toBe(false);
    expect(requiredChecks(['notify', 'tests'], [gate])).toEqual(['notify', 'tests']);
  });
});
