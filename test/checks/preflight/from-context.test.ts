import { describe, expect, it } from 'vitest';
import { preflightChecks } from '../../../src/checks/preflight/list.ts';
import { evidenceGates } from '../../../src/model/config/gate.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';
import { ask, candidate, contextOf, historyOf, nowMs, stateOf } from '../scene.ts';

const day = 86_400_000;
const ago = (days: number): string => new Date(nowMs - days * day).toISOString();

describe('the list of pre-flight checks', () => {
  const checks = preflightChecks(contextOf().environment);

  it('has ids of its own in kebab-case and one check for each evidence gate', () => {
    const ids = checks.map((check) => check.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const title of Object.values(evidenceGates)) expect(checks.some((check) => check.title === title)).toBe(true);
    expect(ids.length).toBe(24 + Object.keys(evidenceGates).length);
  });

  it('asks every unconfigured evidence gate, skips it, and gives the line to add', async () => {
    for (const gate of Object.keys(evidenceGates)) {
      const id = gate.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const result = await ask(id, contextOf());
      expect(result).toMatchObject({ status: 'skipped', reason: 'not configured' });
      expect(result.remedy).toContain(`environments.production: gates: { evidence: { ${gate}: {`);
    }
  });
});

describe('config-valid', () => {
  it('passes, and fails for a required id that is none and for doubled names', async () => {
    expect(await ask('config-valid', contextOf({}, { gates: { require: ['tests', 'rollback-plan'] } }))).toMatchObject({
      status: 'passed',
    });
    const unknown = await ask('config-valid', contextOf({}, { gates: { require: ['test'] } }));
    expect(unknown).toMatchObject({ status: 'failed', blocking: true, reason: 'gates.require names no check: test' });
    const smoke = [
      { name: 'home', request: { path: '/' } },
      { name: 'home', request: { path: '/a' } },
    ];
    expect(await ask('config-valid', contextOf({}, { smoke }))).toMatchObject({ status: 'failed' });
  });
});

describe('version-resolves', () => {
  it('passes, fails with the remedy of the error, and is unknown for a defect', async () => {
    expect(await ask('version-resolves', contextOf())).toMatchObject({
      status: 'passed',
      evidence: { commit: candidate.commit },
    });
    const error = new DeployError('VERSION_UNKNOWN', { version: '9', ref: 'v9', nearest: 'Did you mean 1.1.0?' });
    expect(await ask('version-resolves', contextOf({ revision: null, revisionError: error }))).toMatchObject({
      status: 'failed',
      remedy: 'Did you mean 1.1.0?',
    });
    const defect = new DeployError('INTERNAL', { reason: 'x' });
    expect(await ask('version-resolves', contextOf({ revision: null, revisionError: defect }))).toMatchObject({
      status: 'unknown',
    });
  });
});

describe('revision-accepted', () => {
  const rolledBack = historyOf({ runId: 'run-7', outcome: 'rolled_back', trigger: 'error-rate' });

  it('refuses what was rolled back here, until cause and fix are recorded', async () => {
    expect(await ask('revision-accepted', contextOf())).toMatchObject({ status: 'passed' });
    const refused = await ask('revision-accepted', contextOf({ history: [rolledBack] }));
    expect(refused).toMatchObject({
      status: 'failed',
      blocking: true,
      evidence: { runId: 'run-7', trigger: 'error-rate' },
    });
    expect(refused.remedy).toContain('--run run-7');
    const said = (...abouts: Array<'cause' | 'fix' | 'reason'>) =>
      ask(
        'revision-accepted',
        contextOf({ history: [rolledBack], explanations: abouts.map((about) => ({ runId: 'run-7', about })) }),
      );
    expect(await said('cause', 'fix')).toMatchObject({ status: 'passed' });
    expect(await said('reason')).toMatchObject({ status: 'passed' });
    // A cause alone, as older notes have it, is the cause and no fix.
    expect(await said('cause')).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('its cause is recorded, but no fix'),
      remedy: expect.stringContaining('learnings add --run run-7 --fix "…"); or a person'),
    });
    expect(await said('fix')).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('its fix is recorded, but no cause'),
      evidence: { missing: 'cause' },
    });
  });

  it('refuses what could not even be rolled back, and not what never had users or was aborted', async () => {
    const ended = (outcome: 'rollback_failed' | 'failed' | 'aborted') =>
      contextOf({ history: [{ ...rolledBack, outcome }] });
    expect(await ask('revision-accepted', ended('rollback_failed'))).toMatchObject({ status: 'failed' });
    expect(await ask('revision-accepted', ended('failed'))).toMatchObject({ status: 'passed' });
    expect(await ask('revision-accepted', ended('aborted'))).toMatchObject({ status: 'passed' });
  });

  it('takes no notice of other commits, environments and rehearsals; unknown when nothing resolved', async () => {
    const history = [
      { ...rolledBack, commit: 'c'.repeat(40) },
      { ...rolledBack, environment: 'staging' },
      { ...rolledBack, rehearsal: true },
    ];
    expect(await ask('revision-accepted', contextOf({ history }))).toMatchObject({ status: 'passed' });
    expect(await ask('revision-accepted', contextOf({ revision: null }))).toMatchObject({ status: 'unknown' });
  });
});

describe('target-healthy', () => {
  it('fails when a program of the target is not there, before any step needs it', async () => {
    const commands = {
      inspect: { argv: [process.execPath, 'inspect.mjs'] },
      promote: { argv: ['no-such-program-anywhere', '{commit}'] },
    };
    const target = { kind: 'command' as const, commands, revisionHeader: { name: 'x-version' } };
    const environment = { target, metrics: { source: 'prober' as const } };
    expect(await ask('target-healthy', contextOf({}, environment))).toMatchObject({
      status: 'failed',
      reason: 'programs are missing or not executable: promote: no-such-program-anywhere',
    });
    const { inspect } = commands;
    const complete = { ...environment, target: { ...target, commands: { inspect } } };
    expect(await ask('target-healthy', contextOf({}, complete))).toMatchObject({ status: 'passed' });
  });

  it('looks for the programs that start and stop instances, but not inside a release that is not there yet', async () => {
    const instanceCommands = { start: ['no-such-engine', 'run'], stop: ['bin/stop.sh'], status: [process.execPath] };
    const target = { kind: 'process' as const, instanceCommands };
    expect(await ask('target-healthy', contextOf({}, { target }))).toMatchObject({
      status: 'failed',
      reason: 'programs are missing or not executable: start: no-such-engine, stop: bin/stop.sh',
    });
    const released = { ...target, directory: 'releases/{version}' };
    expect(await ask('target-healthy', contextOf({}, { target: released }))).toMatchObject({
      reason: 'programs are missing or not executable: start: no-such-engine',
    });
  });

  it('passes with the baseline as evidence', async () => {
    expect(await ask('target-healthy', contextOf())).toMatchObject({
      status: 'passed',
      evidence: { ready: 2, wanted: 2, weightPercent: 100 },
    });
  });

  it('fails when unreachable, down, degraded, or with a candidate left in traffic', async () => {
    const targetError = new DeployError('TARGET_UNREACHABLE', {
      target: 'process',
      reason: 'no socket',
      remedy: 'start it',
    });
    expect(await ask('target-healthy', contextOf({ targetError, targetState: null }))).toMatchObject({
      status: 'failed',
      blocking: true,
      remedy: 'start it',
    });
    expect(await ask('target-healthy', contextOf({ targetState: stateOf({ up: false }) }))).toMatchObject({
      status: 'failed',
      remedy: 'Start it: seatrial host up',
    });
    expect(await ask('target-healthy', contextOf({ targetState: stateOf({ ready: 1 }) }))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('only 1 of 2'),
    });
    expect(await ask('target-healthy', contextOf({ targetState: stateOf({ candidateWeight: 5 }) }))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('5 %'),
    });
  });

  it('passes before a first deploy, also while the place is down', async () => {
    const targetState = { ...stateOf({ up: false }), revisions: [] };
    expect(await ask('target-healthy', contextOf({ targetState, stable: null, firstDeploy: true }))).toMatchObject({
      status: 'passed',
    });
  });
});

describe('no-other-run, freeze, friday, review-acknowledged', () => {
  it('no-other-run', async () => {
    expect(await ask('no-other-run', contextOf())).toMatchObject({ status: 'passed' });
    expect(await ask('no-other-run', contextOf({ activeRun: { runId: 'run-9', pid: 42 } }))).toMatchObject({
      status: 'failed',
      evidence: { runId: 'run-9', pid: 42 },
    });
  });

  it('freeze', async () => {
    expect(await ask('freeze', contextOf())).toMatchObject({ status: 'passed' });
    const freeze = { frozen: true, reason: 'year end', untilMs: nowMs };
    expect(await ask('freeze', contextOf({ freeze }))).toMatchObject({
      status: 'failed',
      blocking: true,
      reason: 'frozen: year end',
      remedy: expect.stringContaining('2026-01-07T12:00'),
    });
  });

  it('friday', async () => {
    const calendar = { fridayOrBeforeHoliday: true, label: 'it is Friday' };
    expect(await ask('friday', contextOf())).toMatchObject({ status: 'passed' });
    expect(await ask('friday', contextOf({ calendar }))).toMatchObject({ status: 'failed', blocking: true });
    expect(await ask('friday', contextOf({ calendar }, { gates: { allowFriday: true } }))).toMatchObject({
      status: 'skipped',
    });
  });

  it('review-acknowledged blocks or warns as the project wants', async () => {
    const pendingReview = { runId: 'run-3' };
    expect(await ask('review-acknowledged', contextOf())).toMatchObject({ status: 'passed' });
    expect(await ask('review-acknowledged', contextOf({ pendingReview }))).toMatchObject({
      status: 'failed',
      blocking: true,
    });
    expect(await ask('review-acknowledged', contextOf({ pendingReview }, { review: 'warn' }))).toMatchObject({
      status: 'failed',
      blocking: false,
    });
  });
});

describe('rollback-rehearsed', () => {
  const rehearsal = historyOf({
    runId: 'run-5',
    rehearsal: true,
    kind: 'rehearsal',
    environment: 'staging',
    endedAt: ago(10),
  });

  it('passes by a recorded rehearsal of this service, wherever it was', async () => {
    expect(await ask('rollback-rehearsed', contextOf({ history: [rehearsal] }))).toMatchObject({
      status: 'passed',
      evidence: { runId: 'run-5', environment: 'staging' },
    });
  });

  it('fails without one, by an old one, by one that failed or belongs to another service', async () => {
    for (const history of [
      [],
      [{ ...rehearsal, endedAt: ago(91) }],
      [{ ...rehearsal, outcome: 'rollback_failed' as const }],
      [{ ...rehearsal, service: 'other' }],
    ]) {
      expect(await ask('rollback-rehearsed', contextOf({ history }))).toMatchObject({
        status: 'failed',
        blocking: false,
      });
    }
  });

  it('a typed date alone is unknown; a first deploy has nothing to rehearse', async () => {
    expect(await ask('rollback-rehearsed', contextOf({}, { rollback: { rehearsed: '2026-01-06' } }))).toMatchObject({
      status: 'unknown',
    });
    expect(await ask('rollback-rehearsed', contextOf({ firstDeploy: true, stable: null }))).toMatchObject({
      status: 'skipped',
    });
  });
});

describe('migration', () => {
  it.each([
    ['none', 'passed'],
    ['expand', 'passed'],
    ['contract', 'failed'],
    ['irreversible', 'failed'],
  ] as const)('%s: %s, without blocking', async (migration, status) => {
    const result = await ask('migration', contextOf({}, { migration }));
    expect(result).toMatchObject({ status, blocking: false, evidence: { migration } });
    if (status === 'failed') expect(result.reason).toContain('the run freezes');
  });
});

describe('metrics-source, smoke-configured, slos-configured, notify, learned-pitfalls', () => {
  it('metrics-source', async () => {
    expect(await ask('metrics-source', contextOf())).toMatchObject({ status: 'passed', evidence: { requests: 120 } });
    const dead = async () => ({ ok: false, reason: 'the proxy sent nothing within 3 s', evidence: {} });
    expect(await ask('metrics-source', contextOf({ metricsProbe: dead }))).toMatchObject({
      status: 'failed',
      blocking: true,
    });
    const broken = async () => Promise.reject(new Error('boom'));
    expect(await ask('metrics-source', contextOf({ metricsProbe: broken }))).toMatchObject({ status: 'unknown' });
    expect(await ask('metrics-source', contextOf({ firstDeploy: true, stable: null }))).toMatchObject({
      status: 'skipped',
    });
  });

  it('smoke-configured, slos-configured and notify are skipped, never passed, while there is nothing', async () => {
    for (const id of ['smoke-configured', 'slos-configured', 'notify']) {
      expect(await ask(id, contextOf())).toMatchObject({
        status: 'skipped',
        remedy: expect.stringContaining('environments.production'),
      });
    }
    const configured = {
      smoke: [{ name: 'home', request: { path: '/' } }],
      slos: { errorRate: { target: '0.1%' } },
      notify: [{ file: 'log' }],
    };
    for (const id of ['smoke-configured', 'slos-configured', 'notify'])
      expect(await ask(id, contextOf({}, configured))).toMatchObject({ status: 'passed' });
  });

  it('learned-pitfalls', async () => {
    expect(await ask('learned-pitfalls', contextOf())).toMatchObject({ status: 'passed' });
    const pitfalls = [{ id: 'friday-deploy', title: 'Friday deploy', seen: 3, runs: 12, blocking: true }];
    expect(await ask('learned-pitfalls', contextOf({ pitfalls }))).toMatchObject({
      status: 'failed',
      blocking: false,
      reason: 'Friday deploy (3/12, a gate now)',
    });
  });
});
