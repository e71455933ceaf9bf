import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployReport } from '../../src/operations/deploy-report.ts';
import { releaseNotes } from '../../src/operations/release-notes.ts';
import { createLearningsProject, dayEntry, type LearningsProject } from '../fixtures/learnings-project.ts';

let project: LearningsProject;
beforeEach(async () => {
  project = createLearningsProject();
  project.git('init', '-q');
  project.git('remote', 'add', 'origin', 'https://github.com/ada/shop.git');
  project.git('add', '-A');
  release('1.0.0', 'feat: the first shop');
});
afterEach(() => project.remove());

function release(version: string, ...messages: string[]): string {
  for (const message of messages) project.git('commit', '-q', '--allow-empty', '-m', message);
  project.git('tag', `v${version}`);
  return project.git('rev-parse', 'HEAD').trim();
}
const ask = async (given: Record<string, unknown>) => {
  await project.trust();
  return releaseNotes.run(releaseNotes.input.parse(given), project.context());
};
const changelog = (): string => join(project.directory, 'CHANGELOG.md');
const on = (index: number, more: Parameters<typeof dayEntry>[1]) =>
  project.addRun(dayEntry(index, { environment: 'production', kind: 'rollout', ...more }));

describe('release notes of a repository', () => {
  it('begin with the first commit when there was no release before', async () => {
    const { text } = await ask({ version: '1.0.0' });
    expect(text).toContain('**Since**: the first commit');
    expect(text).toContain('- the first shop ([');
    expect(text).toContain('not deployed to production: no run is on record');
    expect(text).toContain('- t (1 commit)');
  });

  it('hold what came since the release before, whatever other tags there are', async () => {
    project.git('commit', '-q', '--allow-empty', '-m', 'fix: a leak (#4)');
    project.git('tag', 'nightly');
    release('1.1.0', 'feat(cart)!: a basket');
    const { text } = await ask({ version: '1.1.0' });
    expect(text).toContain('**Since**: v1.0.0');
    expect(text).toContain('[#4](https://github.com/ada/shop/pull/4)');
    expect(text).toContain('## Breaking Changes\n\n- **cart**: a basket');
    expect(text).not.toContain('the first shop');
    expect((await ask({ version: '1.1.0', since: 'nightly' })).text).not.toContain('a leak');
  });

  it('are a kind of report for agents: the same text, and nothing is written', async () => {
    const notes = await ask({ version: '1.0.0' });
    const report = async (given: Record<string, unknown>) =>
      deployReport.run(deployReport.input.parse({ kind: 'release-notes', ...given }), project.context());
    expect((await report({ version: '1.0.0' })).text).toBe(notes.text);
    expect(existsSync(changelog())).toBe(false);
    await expect(report({})).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(report({ version: '1.0.0', run_id: '01j9' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('take the status from the record, and no word against it', async () => {
    const commit = release('1.1.0', 'fix: x');
    const first = release('1.2.0', 'fix: y');
    expect((await ask({ version: '1.1.0', status: 'deployed' })).text).toContain('as was stated; no run is on record');
    on(1, { commit, version: '1.1.0', outcome: 'succeeded' });
    expect((await ask({ version: '1.1.0' })).text).toContain('**Status**: deployed to production');
    await expect(ask({ version: '1.1.0', status: 'rolled-back' })).rejects.toMatchObject({ code: 'USAGE' });
    on(2, { commit: first, version: '1.2.0', outcome: 'rolled_back', fromCommit: commit });
    expect((await ask({ version: '1.2.0' })).text).toContain('rolled back in production');
    expect((await ask({ version: '1.1.0' })).text).toContain('**Status**: deployed to production');
    on(3, { kind: 'rollback', commit: 'e'.repeat(40), version: '1.0.0', outcome: 'succeeded', fromCommit: commit });
    expect((await ask({ version: '1.1.0', status: 'rolled-back' })).text).toContain('rolled back in production at');
  });

  it.each([
    [{ version: '9.9.9' }, 'VERSION_UNKNOWN'],
    [{ version: '1.0.0', since: 'v0.0.1' }, 'USAGE'],
    [{ version: '1.0.0', since: '--output=x' }, 'USAGE'],
  ])('refuse %j', async (given, code) => {
    await expect(ask(given)).rejects.toMatchObject({ code });
  });
});

describe('CHANGELOG.md', () => {
  it('is written on request, once, and what stood there stays', async () => {
    const mine = '\uFEFF# Mine\r\n\r\npassword=hunter2hunter2\r\n';
    writeFileSync(changelog(), mine);
    expect((await ask({ version: '1.0.0' })).text).not.toContain('CHANGELOG');
    expect(readFileSync(changelog(), 'utf8')).toBe(mine);
    expect((await ask({ version: '1.0.0', changelog: true })).text).toContain('Wrote ');
    const once = readFileSync(changelog());
    expect(once.toString().startsWith(mine)).toBe(true);
    expect(once.toString()).toContain('## [1.0.0] - ');
    expect((await ask({ version: '1.0.0', changelog: true })).text).toContain('says so already');
    expect(readFileSync(changelog()).equals(once)).toBe(true);
  });

  it('stays as it is when it cannot be told apart', async () => {
    const refused = { code: 'CHANGELOG_KEPT' };
    writeFileSync(changelog(), '# Mine\n\n## 1.0.0\n');
    await expect(ask({ version: '1.0.0', changelog: true })).rejects.toMatchObject(refused);
    const latin = Buffer.from([0x23, 0x20, 0xe4, 0x0a]);
    writeFileSync(changelog(), latin);
    await expect(ask({ version: '1.0.0', changelog: true })).rejects.toMatchObject(refused);
    expect(readFileSync(changelog()).equals(latin)).toBe(true);
  });

  it('is not written through a link', async () => {
    writeFileSync(join(project.base, 'outside'), 'x');
    symlinkSync(join(project.base, 'outside'), changelog());
    await expect(ask({ version: '1.0.0', changelog: true })).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    expect(readFileSync(join(project.base, 'outside'), 'utf8')).toBe('x');
  });
});
