import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replayRun } from '../../../src/journal/fold-run.ts';
import { outlineJournal, type RunOutline } from '../../../src/journal/outline-run.ts';
import { byHandSchema } from '../../../src/model/by-hand.ts';
import type { RunRecord } from '../../../src/model/run-record.ts';
import { isInsideRun } from '../../../src/operations/hook/active-run.ts';
import { findRawDeploys } from '../../../src/operations/hook/find-raw-deploys.ts';
import { hookEvents, runHook } from '../../../src/operations/hook/run-hook.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import { journalText } from '../../fixtures/journal-text.ts';
import { allRuns, rolledBackRun, succeededRun } from '../../fixtures/run-records.ts';
import { createHookProject, projectId } from './hook-project.ts';

/** The run as it was before its last event. */
function unfinished(record: RunRecord = succeededRun()): RunRecord {
  return { ...record, events: record.events.slice(0, -1) };
}
const decisionOf = (answer: { hookSpecificOutput?: { permissionDecision?: string } } | null) =>
  answer?.hookSpecificOutput?.permissionDecision;
const contextOf = (answer: { hookSpecificOutput?: { additionalContext?: string } } | null) =>
  answer?.hookSpecificOutput?.additionalContext ?? '';

describe('before a command', () => {
  it('asks a person about a raw deploy, and tells the model the tools to call', async () => {
    const project = await createHookProject();
    const answer = await project.bash('pre-tool-use', 'kubectl apply -f x');
    expect(answer).toMatchObject({
      hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'ask' },
    });
    expect(answer?.hookSpecificOutput?.permissionDecisionReason).toMatch(
      /`kubectl apply`.*preflight.*rollout_plan.*rollout_start/,
    );
    expect(contextOf(answer)).toBe(answer?.hookSpecificOutput?.permissionDecisionReason);
  });

  it('denies or only warns where a trusted project says so', async () => {
    const project = await createHookProject();
    project.configure('agent: { rawDeploys: deny }\n');
    expect(decisionOf(await project.bash('pre-tool-use', 'fly deploy'))).toBe('deny');
    project.configure('agent: { rawDeploys: warn }\n');
    expect(decisionOf(await project.bash('pre-tool-use', 'fly deploy'))).toBe('ask');
    await project.trust();
    const warned = await project.bash('pre-tool-use', 'fly deploy');
    expect([decisionOf(warned), warned?.systemMessage]).toEqual([undefined, contextOf(warned)]);
    expect(contextOf(warned)).toContain('`fly deploy`');
  });

  it('goes by the branches, commands and form of tags of the project', async () => {
    const project = await createHookProject();
    project.configure('agent: { deployBranches: ["release/*"], deployCommands: [[make, deploy]] }\n');
    project.write('.git/HEAD', 'ref: refs/heads/release/5\n');
    const decide = async (command: string) => decisionOf(await project.bash('pre-tool-use', command));
    expect(await decide('git push')).toBe('ask');
    expect(await decide('git push origin prod')).toBeUndefined();
    expect(await decide('git push origin ship-1.4')).toBe('ask');
    expect(await decide('sudo make -C . deploy')).toBeUndefined();
    expect(await decide('cd app && make deploy ENV=prod')).toBe('ask');
  });

  it('names the run that is under way', async () => {
    const project = await createHookProject();
    const runId = project.addRun(unfinished(), { isAttended: true });
    const answer = await project.bash('pre-tool-use', 'kubectl delete pod x');
    expect(contextOf(answer)).toMatch(new RegExp(`Run ${runId} on production is under way.*rollout_control`));
  });

  it('has nothing to say about other commands and other tools', async () => {
    const project = await createHookProject();
    expect(await project.bash('pre-tool-use', 'kubectl get pods')).toBeNull();
    const edit = { tool_name: 'Edit', tool_input: { command: 'kubectl apply -f x' } };
    expect(await project.hook('pre-tool-use', edit)).toBeNull();
  });

  it('finds the project from a folder below it, and none above the folder of the session', async () => {
    const project = await createHookProject();
    mkdirSync(join(project.directory, 'deep', 'below'), { recursive: true });
    const input = { tool_name: 'Bash', tool_input: { command: 'fly deploy' } };
    const below = { ...input, cwd: join(project.directory, 'deep', 'below') };
    expect(decisionOf(await project.hook('pre-tool-use', below))).toBe('ask');
    project.env['CLAUDE_PROJECT_DIR'] = join(project.directory, 'deep');
    expect(await project.hook('pre-tool-use', below)).toBeNull();
  });
});

describe('a command inside an approved run', () => {
  const start = { scope: 'start', how: 'client-dialog' as const };
  const approved: RunOutline = {
    status: 'running',
    gate: null,
    weightPercent: 5,
    version: '1.4.0',
    approvals: [start],
    programs: [
      { at: 'target.commands.provision.argv', argv: ['kubectl', 'apply', '-f', 'canary.yaml'] },
      { at: 'revision.prepare[0]', argv: ['helm', 'upgrade', 'shop', '{version}'] },
      { at: 'target.commands.promote.argv', argv: ['kubectl', 'apply', '-f', 'stable.yaml'] },
    ],
  };
  const rules = { deployBranches: [], branch: null, tagForms: [], deployCommands: [] };
  const glance = { runId: 'r', kind: 'rollout', service: 's', environment: 'e', strategy: 'canary' } as const;
  const inside = (command: string, outline: RunOutline | null = approved, isAttended = true): boolean =>
    isInsideRun(findRawDeploys(command, rules), {
      glance: { ...glance, version: '1', outcome: null, endedAtMs: null, bytes: 1 },
      outline,
      isAttended,
    });

  it('is one that the approved plan names, argument for argument, and that moves no users', () => {
    expect(inside('kubectl apply -f canary.yaml')).toBe(true);
    expect(inside('helm upgrade shop 1.4.0')).toBe(true);
    expect(inside('kubectl apply -f canary.yaml && helm upgrade shop 1.4.0')).toBe(true);
    expect(inside('kubectl apply -f canary.yaml', { ...approved, status: 'held' })).toBe(true);
  });

  it.each<[string, string, RunOutline | null]>([
    ['it moves users', 'kubectl apply -f stable.yaml', approved],
    ['it has another argument', 'kubectl apply -f canary.yaml -n other', approved],
    ['another deploy stands beside it', 'kubectl apply -f canary.yaml; fly deploy', approved],
    ['it is not known whole', 'kubectl apply -f "$FILE"', approved],
    ['nobody approved the start', 'kubectl apply -f canary.yaml', { ...approved, approvals: [] }],
    ['nobody was asked', 'kubectl apply -f canary.yaml', { ...approved, approvals: [{ ...start, how: 'none' }] }],
    [
      'only a later step was approved',
      'kubectl apply -f canary.yaml',
      { ...approved, approvals: [{ ...start, scope: 'promote:bake-5' }] },
    ],
    ['the run goes back', 'kubectl apply -f canary.yaml', { ...approved, status: 'rolling_back' }],
    ['the run is frozen', 'kubectl apply -f canary.yaml', { ...approved, status: 'frozen' }],
    ['the run cannot be read', 'kubectl apply -f canary.yaml', null],
  ])('is not when %s', (_why, command, outline) => {
    expect(inside(command, outline)).toBe(false);
  });

  it('is not when nobody attends to the run', () => {
    expect(inside('kubectl apply -f canary.yaml', approved, false)).toBe(false);
  });

  it('is known by the outline of its journal, which says the same as its record', () => {
    for (const record of Object.values(allRuns())) {
      for (const length of [3, 8, record.events.length - 1, record.events.length]) {
        const events = record.events.slice(0, length);
        const whole = replayRun(events, null);
        const outline = outlineJournal(journalText('r', { events }));
        expect([outline.status, outline.version]).toEqual([whole.status, whole.plan.content.revision.version]);
        expect(outline.approvals.map(({ scope }) => scope)).toEqual(whole.approvals.map(({ scope }) => scope));
        expect(outline.gate).toBe(whole.holds.at(-1)?.gate ?? null);
      }
    }
    expect(outlineJournal('broken\n{}\n\n{"type":"held","data":{}}')).toMatchObject({ status: 'held', gate: null });
  });
});

describe('after a command', () => {
  const folder = '.seatrial/history/by-hand';

  it('records a raw deploy once, by its rule and nothing that stood in it', async () => {
    const project = await createHookProject();
    mkdirSync(join(project.directory, '.seatrial'));
    await project.trust();
    const command = 'TOKEN=hunter2hunter2 kubectl apply -f x && git push origin v1.4.0';
    expect(contextOf(await project.bash('post-tool-use', command))).toMatch(/recorded as such/);
    expect(await project.bash('post-tool-use', command)).toBeNull();
    await project.bash('post-tool-use', 'fly deploy', 'toolu_2');
    const files = readdirSync(join(project.directory, folder));
    expect(files).toHaveLength(2);
    const texts = files.map((name) => readFileSync(join(project.directory, folder, name), 'utf8'));
    expect(texts.join('')).not.toMatch(/hunter2|1\.4\.0|toolu/);
    const entries = texts.map((text) => byHandSchema.parse(JSON.parse(text)));
    expect(entries.map(({ deploys }) => deploys.map(({ rule }) => rule).join()).sort()).toEqual([
      'fly',
      'kubectl,git-push-tag',
    ]);
  });

  it.each<[string, (project: Awaited<ReturnType<typeof createHookProject>>) => void | Promise<void>, string]>([
    ['nobody has trusted the project', ({ write }) => write('.seatrial/x', ''), 'fly deploy'],
    ['the project has no .seatrial', ({ trust }) => trust(), 'fly deploy'],
    [
      'it is only guessed',
      async ({ trust, write }) => {
        write('.seatrial/x', '');
        await trust();
      },
      'eval "$(cat x) kubectl apply"',
    ],
    [
      'the configuration has changed since it was trusted',
      async ({ trust, write, configure }) => {
        write('.seatrial/x', '');
        await trust();
        configure('agent: { rawDeploys: warn }\n');
      },
      'fly deploy',
    ],
  ])('records nothing where %s', async (_why, prepare, command) => {
    const project = await createHookProject();
    await prepare(project);
    expect(await project.bash('post-tool-use', command)).toBeNull();
    expect(existsSync(join(project.directory, folder))).toBe(false);
  });

  it('follows no link out of the project', async () => {
    const project = await createHookProject();
    mkdirSync(join(project.directory, '.seatrial'));
    mkdirSync(join(project.state, 'elsewhere'));
    symlinkSync(join(project.state, 'elsewhere'), join(project.directory, '.seatrial', 'history'));
    await project.trust();
    expect(await project.bash('post-tool-use', 'fly deploy')).toBeNull();
    expect(readdirSync(join(project.state, 'elsewhere'))).toEqual([]);
  });
});

describe('at the start of a session', () => {
  it('is silent when there is nothing to say', async () => {
    const project = await createHookProject();
    expect(await project.hook('session-start', { source: 'startup' })).toBeNull();
  });

  it('tells a run that goes on, and one that nobody attends to', async () => {
    const project = await createHookProject();
    const runId = project.addRun(unfinished(), { isAttended: true });
    expect(contextOf(await project.hook('session-start', {}))).toMatch(
      new RegExp(`Run ${runId} \\(.* 1\\.4\\.0 to production, canary\\) is not over: running.*rollout_status`),
    );
    project.addRun(unfinished());
    expect(contextOf(await project.hook('session-start', {}))).toMatch(/nobody has attended.*wakes the watchdog/);
  });

  it('tells the gate at which a run is held', async () => {
    const project = await createHookProject();
    const record = unfinished();
    const held = { type: 'held', data: { reason: 'look', gate: 'batch-1' }, seq: 99, atMs: 1, gen: 1 } as const;
    project.addRun({ ...record, events: [...record.events, held] }, { isAttended: true });
    expect(contextOf(await project.hook('session-start', {}))).toMatch(/held at the gate batch-1.*a person/);
  });

  it('tells the review that is open, until somebody has acknowledged it', async () => {
    const project = await createHookProject();
    const runId = project.addRun(rolledBackRun());
    expect(contextOf(await project.hook('session-start', {}))).toMatch(
      /rolled_back\) waits for its review: call deploy_review/,
    );
    const reviews = join(project.state, 'projects', projectId, 'reviews');
    mkdirSync(reviews);
    symlinkSync('/dev/null', join(reviews, `${runId}.json`));
    expect(await project.hook('session-start', {})).toBeNull();
  });

  it('tells the three most frequent pitfalls out of the catalogue, and deploys by hand since the last run', async () => {
    const project = await createHookProject();
    const entries = [
      ['silent-deploy', 'friday-deploy'],
      ['silent-deploy', '../../../etc/passwd', 'no-such-pitfall'],
      ['silent-deploy', 'friday-deploy', 'slow-deploy', 'flaky-smoke-test'],
    ];
    for (const [index, pitfalls] of entries.entries())
      project.write(`.seatrial/history/2026-11/run-${index}.json`, historyText(index, pitfalls));
    const deploys = [{ rule: 'fly', kind: 'deploy' }];
    const byHand = (id: string, at: string) => JSON.stringify({ v: 1, id, at, by: 'agent', deploys, runId: null });
    const [old, late] = ['a'.repeat(24), 'b'.repeat(24)];
    project.write(`.seatrial/history/by-hand/${old}.json`, byHand(old, '2026-10-01T00:00:00.000Z'));
    project.write(`.seatrial/history/by-hand/${late}.json`, byHand(late, '2026-12-01T00:00:00.000Z'));
    const text = contextOf(await project.hook('session-start', {}));
    expect(text).toMatch(/1 deploy went around seatrial since the last run/);
    expect(text.split('\n').filter((line) => line.includes('of the last 3 runs'))).toEqual([
      expect.stringMatching(/^- Silent Deploy \(3 of/),
      expect.stringMatching(/^- .*Friday.* \(2 of/),
      expect.stringMatching(/\(1 of/),
    ]);
    expect(text).not.toContain('passwd');
  });
});

function historyText(index: number, pitfalls: readonly string[] | undefined): string {
  const entry = {
    ...{ v: 1, runId: `run-${index}`, service: 'shop', environment: 'production', kind: 'rollout', strategy: 'canary' },
    ...{ version: '1', commit: null, fromVersion: null, fromCommit: null, outcome: 'succeeded', trigger: null },
    ...{ startedAt: `2026-11-0${index + 1}T10:00:00.000Z`, endedAt: `2026-11-0${index + 1}T11:00:00.000Z` },
    ...{ durationMs: 1, detectMs: null, restoreMs: null, heldMs: 0, maxWeightPercent: 100 },
    ...{ requests: { canary: 1, baseline: 1 }, failedByRelease: 0, approval: 'none', commitAt: null, verdicts: [] },
    ...{ checks: { passed: 1, failed: 0, skipped: 0, unknown: 0 }, pitfalls, patterns: [], rehearsal: false },
  };
  return JSON.stringify(entry);
}

describe('at the end of a turn', () => {
  it('asks once for the review of a finished run', async () => {
    const project = await createHookProject();
    const runId = project.addRun(succeededRun());
    expect(await project.hook('stop', {})).toBeNull();
    project.write(`.seatrial/reviews/${runId}.md`, '- (to complete)\n');
    expect(await project.hook('stop', { stop_hook_active: true })).toBeNull();
    const asked = await project.hook('stop', { stop_hook_active: false });
    expect(asked).toMatchObject({ decision: 'block' });
    expect(asked?.reason).toMatch(new RegExp(`Run ${runId} .*deploy_review`));
    expect(await project.hook('stop', {})).toBeNull();
  });

  it('does not ask while a run goes on, nor for a review that is written', async () => {
    const project = await createHookProject();
    project.addRun(unfinished(), { isAttended: true });
    expect(await project.hook('stop', {})).toBeNull();
    const runId = project.addRun(succeededRun());
    project.write(`.seatrial/reviews/${runId}.md`, 'all of it\n');
    expect(await project.hook('stop', {})).toBeNull();
  });
});

describe('when a prompt is sent', () => {
  it('says what a bare command of the plugin is, with every argument', async () => {
    const project = await createHookProject();
    const answer = await project.hook('user-prompt-submit', {
      prompt: '/phase-2-ship canary 1.4.0 --guidance "tight timeline"',
    });
    expect(answer?.hookSpecificOutput?.hookEventName).toBe('UserPromptSubmit');
    expect(contextOf(answer)).toMatch(/\/seatrial:phase-2-ship/);
    expect(contextOf(answer)).toContain(JSON.stringify('canary 1.4.0 --guidance "tight timeline"'));
  });

  it('is silent about other prompts, commands of others, and where the project has an alias', async () => {
    const project = await createHookProject();
    for (const prompt of ['ship it', '/clear', '/no-such-command x', '/seatrial:phase-2-ship', '/etc/passwd', ''])
      expect(await project.hook('user-prompt-submit', { prompt })).toBeNull();
    project.write('.claude/commands/phase-2-ship.md', 'x');
    expect(await project.hook('user-prompt-submit', { prompt: '/phase-2-ship' })).toBeNull();
  });
});

describe('whatever is broken', () => {
  const inputs: Record<string, Record<string, unknown>> = {
    'session-start': {},
    'pre-tool-use': { tool_name: 'Bash', tool_input: { command: 'kubectl apply -f x' } },
    'post-tool-use': { tool_name: 'Bash', tool_input: { command: 'kubectl apply -f x' }, tool_use_id: 't' },
    stop: {},
    'user-prompt-submit': { prompt: '/phase-2-ship' },
  };
  const silent = async (project: Awaited<ReturnType<typeof createHookProject>>, events = [...hookEvents]) => {
    for (const event of events) expect([event, await project.hook(event, inputs[event] ?? {})]).toEqual([event, null]);
  };

  it.each(['', 'null', '[]', '{', '{"cwd":7}', '{"tool_input":{}}', '\u0000', '"text"'])(
    'the input %j is answered by silence',
    async (text) => {
      const { env } = await createHookProject();
      for (const event of hookEvents) {
        if (
          text.startsWith('{') ||
          event === 'pre-tool-use' ||
          event === 'post-tool-use' ||
          event === 'user-prompt-submit'
        )
          expect(await runHook({ event, text, env, clock: createSystemClock() })).toBe('');
      }
    },
  );

  it('a broken configuration is answered by silence', async () => {
    const project = await createHookProject();
    for (const text of ['version: 2\n', 'a: [\n', '', 'service: shop']) {
      project.write('seatrial.yaml', text);
      await silent(project, ['session-start', 'pre-tool-use', 'post-tool-use', 'stop']);
    }
  });

  it('a folder without seatrial.yaml is answered by silence', async () => {
    const project = await createHookProject();
    project.env['CLAUDE_PROJECT_DIR'] = project.state;
    for (const event of hookEvents)
      expect(await project.hook(event, { ...inputs[event], cwd: project.state })).toBeNull();
  });

  it('a state folder that cannot be read hides the runs, and no raw deploy', async () => {
    const project = await createHookProject();
    project.addRun(succeededRun());
    const runs = join(project.state, 'projects', projectId, 'runs');
    chmodSync(runs, 0o000);
    project.write('../state/places/x', '');
    // Root reads everything: there the state is put out of reach by a name that no folder has.
    if (process.getuid?.() === 0) project.env['SEATRIAL_STATE_HOME'] = '/dev/null/state';
    await silent(project, ['session-start', 'stop', 'post-tool-use']);
    expect(decisionOf(await project.bash('pre-tool-use', 'fly deploy'))).toBe('ask');
    chmodSync(runs, 0o700);
  });
});
