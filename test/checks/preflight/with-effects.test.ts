import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeployError } from '../../../src/model/deploy-error.ts';
import { openRepository } from '../../../src/system/git.ts';
import { ask, candidate, contextOf, git, nowMs, stable, startServer, temporaryProject } from '../scene.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('working-tree', () => {
  it('passes when clean, fails when dirty, skips when that is accepted', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'app/server.js': '1' });
    git(projectDirectory, 'init', '-q');
    git(projectDirectory, 'add', '.');
    git(projectDirectory, 'commit', '-qm', 'first');
    const repository = await openRepository(projectDirectory);
    mkdirSync(join(projectDirectory, 'app/.seatrial/history'), { recursive: true });
    writeFileSync(join(projectDirectory, 'app/.seatrial/history/x.json'), '{}');
    expect(await ask('working-tree', contextOf({ repository }))).toMatchObject({ status: 'passed' });
    writeFileSync(join(projectDirectory, 'app/server.js'), '2');
    writeFileSync(join(projectDirectory, 'new.txt'), '2');
    const dirty = await ask('working-tree', contextOf({ repository }));
    expect(dirty).toMatchObject({ status: 'failed', blocking: true, evidence: { changed: 2 } });
    expect(dirty.reason).toContain('app/server.js');
    expect(await ask('working-tree', contextOf({ repository }, { gates: { allowDirty: true } }))).toMatchObject({
      status: 'skipped',
    });
  });

  it('without a repository: unknown, or skipped when revisions are directories', async () => {
    expect(await ask('working-tree', contextOf())).toMatchObject({ status: 'unknown' });
    const target = { kind: 'process' as const, command: ['node'], directory: 'releases/{version}' };
    expect(await ask('working-tree', contextOf({}, { target }))).toMatchObject({ status: 'skipped' });
  });
});

describe('previous-tagged and previous-startable from a repository', () => {
  it('follow tag and commit', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'server.js': '1' });
    git(projectDirectory, 'init', '-q');
    git(projectDirectory, 'add', '.');
    git(projectDirectory, 'commit', '-qm', 'first');
    const first = git(projectDirectory, 'rev-parse', 'HEAD');
    const repository = await openRepository(projectDirectory);
    const context = contextOf({ projectDirectory, repository, stable: { ...stable, commit: first } });
    expect(await ask('previous-tagged', context)).toMatchObject({
      status: 'failed',
      blocking: false,
      remedy: `git tag v1.0.0 ${first}`,
    });
    git(projectDirectory, 'tag', 'v1.0.0');
    expect(await ask('previous-tagged', context)).toMatchObject({ status: 'passed' });
    git(projectDirectory, 'commit', '-q', '--allow-empty', '-m', 'second');
    git(projectDirectory, 'tag', '-f', 'v1.0.0');
    expect(await ask('previous-tagged', context)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('moved'),
    });
    expect(await ask('previous-startable', context)).toMatchObject({ status: 'passed', evidence: { commit: first } });
    expect(await ask('previous-startable', { ...context, stable })).toMatchObject({ status: 'failed', blocking: true });
    expect(await ask('previous-startable', { ...context, repository: null })).toMatchObject({ status: 'unknown' });
    for (const id of ['previous-tagged', 'previous-startable']) {
      expect(await ask(id, { ...context, stable: null, firstDeploy: true })).toMatchObject({ status: 'skipped' });
      expect(await ask(id, { ...context, stable: null, targetState: null })).toMatchObject({ status: 'unknown' });
    }
  });

  it('previous-startable from a directory', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'releases/1.0.0/server.js': '1' });
    const environment = { target: { kind: 'process' as const, command: ['node'], directory: 'releases/{version}' } };
    expect(await ask('previous-startable', contextOf({ projectDirectory }, environment))).toMatchObject({
      status: 'passed',
    });
    const gone = { ...stable, version: '0.9.0' };
    expect(await ask('previous-startable', contextOf({ projectDirectory, stable: gone }, environment))).toMatchObject({
      status: 'failed',
    });
  });
});

describe('artifact', () => {
  const environment = { revision: { artifact: { path: 'build/{version}.tgz', sha256: 'a'.repeat(64) } } };

  it('hashes the file anew', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'build/1.1.0.tgz': 'bytes' });
    const revision = { ...candidate, artifact: { path: 'build/1.1.0.tgz', sha256: sha256('bytes') } };
    expect(await ask('artifact', contextOf({ projectDirectory, revision }, environment))).toMatchObject({
      status: 'passed',
      evidence: { sha256: sha256('bytes') },
    });
    writeFileSync(join(projectDirectory, 'build/1.1.0.tgz'), 'other');
    expect(await ask('artifact', contextOf({ projectDirectory, revision }, environment))).toMatchObject({
      status: 'failed',
      blocking: true,
      evidence: { sha256: sha256('other') },
    });
    const missing = { ...candidate, artifact: { path: 'build/none.tgz', sha256: sha256('bytes') } };
    expect(await ask('artifact', contextOf({ projectDirectory, revision: missing }, environment))).toMatchObject({
      status: 'failed',
    });
  });

  it('is skipped without one, failed by the resolution, unknown without a resolution', async () => {
    expect(await ask('artifact', contextOf())).toMatchObject({
      status: 'skipped',
      remedy: expect.stringContaining('artifact:'),
    });
    const revisionError = new DeployError('ARTIFACT_MISSING', { path: 'x' });
    expect(await ask('artifact', contextOf({ revision: null, revisionError }, environment))).toMatchObject({
      status: 'failed',
    });
    expect(await ask('artifact', contextOf({ revision: null }, environment))).toMatchObject({ status: 'unknown' });
  });
});

describe('traffic-path', () => {
  it('asks the health path of the environment and measures it', async ({ onTestFinished }) => {
    let status = 200;
    const asked: string[] = [];
    const url = await startServer(onTestFinished, (request, response) => {
      asked.push(`${request.url} ${request.headers['x-seatrial-probe']}`);
      response.writeHead(status).end();
    });
    const result = await ask('traffic-path', contextOf({}, { url }));
    expect(result).toMatchObject({ status: 'passed', evidence: { status: 200, requests: 5 } });
    expect(result.evidence['medianMs']).toBeGreaterThan(0);
    expect(asked).toEqual(Array.from({ length: 5 }, () => '/health 1'));
    status = 302;
    expect(await ask('traffic-path', contextOf({}, { url }))).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('302'),
    });
  });

  it('fails when nobody answers, is skipped before a first deploy, unknown when the target is', async () => {
    expect(await ask('traffic-path', contextOf({}, { url: 'http://127.0.0.1:1' }))).toMatchObject({
      status: 'failed',
      blocking: true,
    });
    expect(await ask('traffic-path', contextOf({ firstDeploy: true, stable: null }))).toMatchObject({
      status: 'skipped',
    });
    expect(await ask('traffic-path', contextOf({ targetState: null }))).toMatchObject({ status: 'unknown' });
  });
});

describe('rollback-plan', () => {
  const environment = { rollback: { document: 'docs/rollback.md' } };

  it('passes by a document that says something', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'docs/rollback.md': '# Back\n' });
    expect(await ask('rollback-plan', contextOf({ projectDirectory }, environment))).toMatchObject({
      status: 'passed',
      blocking: true,
    });
    writeFileSync(join(projectDirectory, 'docs/rollback.md'), ' \n');
    expect(await ask('rollback-plan', contextOf({ projectDirectory }, environment))).toMatchObject({
      status: 'failed',
      reason: 'docs/rollback.md is empty',
    });
  });

  it('is skipped without one, fails when missing or a link out of the project', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'a.md': 'x' });
    expect(await ask('rollback-plan', contextOf({ projectDirectory }))).toMatchObject({
      status: 'skipped',
      remedy: expect.stringContaining('rollback: { document'),
    });
    symlinkSync('/etc/hostname', join(projectDirectory, 'link.md'));
    for (const document of ['docs/rollback.md', 'link.md']) {
      expect(await ask('rollback-plan', contextOf({ projectDirectory }, { rollback: { document } }))).toMatchObject({
        status: 'failed',
      });
    }
  });
});

describe('disk-space', () => {
  it('compares what is free with what is needed', async () => {
    expect(await ask('disk-space', contextOf({}, { gates: { minFreeDisk: '1KiB' } }))).toMatchObject({
      status: 'passed',
    });
    expect(await ask('disk-space', contextOf({}, { gates: { minFreeDisk: '7000000GiB' } }))).toMatchObject({
      status: 'failed',
      blocking: true,
    });
    const nowhere = contextOf({ stateDirectory: '/nonexistent/state' }, { gates: { minFreeDisk: '1KiB' } });
    expect(await ask('disk-space', nowhere)).toMatchObject({ status: 'passed' });
  });
});

describe('evidence by command', () => {
  const tests = (command: string[], timeout = '5s') => ({ gates: { evidence: { tests: { command, timeout } } } });
  const node = (source: string): string[] => [process.execPath, '-e', source];

  it('exit code 0 passes; the command learns version and commit and little else', async () => {
    const source = `process.exit(process.env.SEATRIAL_VERSION === '1.1.0' && process.env.SEATRIAL_COMMIT === '${candidate.commit}' && process.env.VITEST === undefined ? 0 : 3)`;
    expect(await ask('tests', contextOf({}, tests(node(source))))).toMatchObject({
      status: 'passed',
      evidence: { exit: 'exit code 0' },
    });
  });

  it('another exit code fails, with what it said; a program that is missing or slow is unknown', async () => {
    const failing = await ask(
      'tests',
      contextOf({}, tests(node('console.error("3 tests failed\\u001b[31m"); process.exit(1)'))),
    );
    expect(failing).toMatchObject({
      status: 'failed',
      blocking: true,
      reason: expect.stringContaining('exit code 1: 3 tests failed'),
    });
    expect(await ask('tests', contextOf({}, tests(['no-such-program-here'])))).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('not found'),
    });
    expect(await ask('tests', contextOf({}, tests(node('setTimeout(() => {}, 60000)'), '200ms')))).toMatchObject({
      status: 'unknown',
      blocking: true,
      reason: expect.stringContaining('not finished'),
    });
  });

  it('reads scanners: counts decide as well as the exit code', async () => {
    const scan = (output: unknown, code: number) =>
      ask(
        'security',
        contextOf(
          {},
          {
            gates: {
              evidence: {
                security: {
                  command: node(`console.log(${JSON.stringify(JSON.stringify(output))}); process.exit(${code})`),
                },
              },
            },
          },
        ),
      );
    const audit = (high: number, critical: number) => ({
      metadata: { vulnerabilities: { info: 0, low: 9, moderate: 0, high, critical, total: 9 } },
    });
    expect(await scan(audit(0, 0), 0)).toMatchObject({
      status: 'passed',
      evidence: { format: 'npm audit', high: 0, critical: 0 },
    });
    expect(await scan(audit(2, 1), 1)).toMatchObject({ status: 'failed', evidence: { high: 2, critical: 1 } });
    const trivy = {
      ArtifactName: 'shop',
      Results: [{ Vulnerabilities: [{ Severity: 'CRITICAL' }, { Severity: 'LOW' }] }, {}],
    };
    expect(await scan(trivy, 0)).toMatchObject({ status: 'failed', evidence: { format: 'trivy', critical: 1 } });
    const grype = { matches: [{ vulnerability: { severity: 'High' } }] };
    expect(await scan(grype, 0)).toMatchObject({ status: 'failed', evidence: { format: 'grype', high: 1 } });
    const osv = {
      results: [{ packages: [{ groups: [{ max_severity: '9.8' }, { max_severity: '7.0' }, { max_severity: '' }] }] }],
    };
    expect(await scan(osv, 1)).toMatchObject({
      status: 'failed',
      evidence: { format: 'osv-scanner', high: 1, critical: 1 },
    });
    expect(await scan({ other: true }, 0)).toMatchObject({
      status: 'passed',
      evidence: { output: 'no known scanner format' },
    });
  });
});

describe('evidence by URL and document', () => {
  it('2xx passes, anything else fails, no answer is unknown', async ({ onTestFinished }) => {
    const url = await startServer(onTestFinished, (request, response) =>
      response.writeHead(request.url === '/good' ? 204 : 503).end(),
    );
    const staging = (path: string) =>
      ask('staging', contextOf({}, { gates: { evidence: { staging: { url: `${url}${path}` } } } }));
    expect(await staging('/good')).toMatchObject({ status: 'passed', evidence: { status: 204 } });
    expect(await staging('/bad?token=secret')).toMatchObject({ status: 'failed', reason: `${url}/bad answers 503` });
    expect(
      await ask('staging', contextOf({}, { gates: { evidence: { staging: { url: 'http://127.0.0.1:1/' } } } })),
    ).toMatchObject({ status: 'unknown', blocking: true });
  });

  it('dates a document by its last commit, not by the checkout', async ({ onTestFinished }) => {
    const projectDirectory = temporaryProject(onTestFinished, { 'docs/team.md': 'names' });
    git(projectDirectory, 'init', '-q');
    git(projectDirectory, 'add', '.');
    git(projectDirectory, 'commit', '-qm', 'team');
    const repository = await openRepository(projectDirectory);
    const team = (within: string, changes = {}) =>
      ask(
        'incident-team',
        contextOf(
          { projectDirectory, repository, ...changes },
          { gates: { evidence: { incidentTeam: { document: 'docs/team.md', within } } } },
        ),
      );
    expect(await team('7d')).toMatchObject({
      status: 'passed',
      evidence: { dated: 'commit', changed: '2026-01-01T00:00:00.000Z' },
    });
    expect(await team('5d')).toMatchObject({ status: 'failed', reason: expect.stringContaining('6 days ago') });
    utimesSync(join(projectDirectory, 'docs/team.md'), nowMs / 1000 - 60, nowMs / 1000 - 60);
    expect(await team('5d', { repository: null })).toMatchObject({ status: 'passed', evidence: { dated: 'file' } });
  });
});
