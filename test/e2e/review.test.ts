import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, createScratch, type Scratch, type Session } from './scratch-project.ts';

const guidelines = 'docs/technical/deployment-guidelines.md';
const checklist = 'docs/deployment/pre-deployment-checklist.md';

/** The whole review loop through the built bundle: by an agent over MCP, and by a person at the command line. */
describe('the review of a run', { timeout: 180_000 }, () => {
  let scratch: Scratch;
  let session: Session;
  let runId = '';

  const at = (path: string): string => join(scratch.directory, path);
  const write = (path: string, text: string): void => {
    mkdirSync(join(at(path), '..'), { recursive: true });
    writeFileSync(at(path), text);
  };
  const reviewText = (): string => readFileSync(at(`.seatrial/reviews/${runId}.md`), 'utf8');
  const completed = (): string => reviewText().replaceAll('(to complete)', 'none');
  const configure = (review: string): void =>
    scratch.writeConfig({ strategy: '{ kind: direct, bake: 1s, maxBake: 60s }', review });

  beforeAll(async () => {
    scratch = await createScratch();
    configure('block');
    write(
      checklist,
      '# Checklist\r\n\r\n## Before: staging\r\n\r\n- [ ] ask Ada\r\n\r\n## Communication\r\n\r\n- [ ] tell Bo',
    );
    scratch.release({ version: '1.0.0' });
    scratch.release({ version: '2.0.0' });
    session = await scratch.connect();
  }, 60_000);

  afterAll(() => scratch?.close(), 60_000);

  it('is drafted at the end of a run, every bullet of it with its events', async () => {
    const plan = await session.call('rollout_plan', { version: '1.0.0' });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    await session.call('rollout_approve', { plan_id: planId });
    runId = /run ([0-9a-z]{26})/.exec((await session.call('rollout_start', { plan_id: planId })).text)?.[1] ?? '';
    const ended = Date.now() + 90_000;
    let status = '';
    while (!/outcome:/.test(status) && Date.now() < ended)
      status = (await session.call('rollout_status', { run_id: runId, wait_s: 5 })).text;
    expect(status).toMatch(/outcome: succeeded/);
    const deadline = Date.now() + 30_000;
    while (!existsSync(at(`.seatrial/reviews/${runId}.md`)) && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const draft = await session.call('deploy_review', { action: 'draft', run_id: runId });
    for (const heading of [
      'Step 1: Deployment Reflection',
      'Step 2: Lessons Learned',
      'Step 4: Overall Recommendations',
    ])
      expect(draft.text).toContain(`## ${heading}`);
    expect(draft.text).toContain('```diff\n--- a/docs/deployment/pre-deployment-checklist.md');
  });

  it('blocks the next plan until a person has acknowledged it, or only warns', async () => {
    const blocked = await session.call('rollout_plan', { version: '2.0.0' });
    expect(blocked.isError && blocked.text).toMatch(/REVIEW_PENDING/);
    expect((await session.call('preflight', { version: '2.0.0' })).text).toMatch(/Blocked/);
    configure('warn');
    const warned = await session.call('preflight', { version: '2.0.0' });
    expect(warned.text).toMatch(/Review of the last run is acknowledged \(failed, does not stop\)/);
    expect((await session.call('rollout_plan', { version: '2.0.0' })).text).toMatch(/planId/);
    configure('{ next: block }');
    expect((await session.call('rollout_plan', { version: '2.0.0' })).text).toMatch(/REVIEW_PENDING/);
  });

  it('is not taken with claims that its events do not say', async () => {
    const submit = (text: string): ReturnType<Session['call']> =>
      session.call('deploy_review', { action: 'submit', run_id: runId, text });
    const bare = await submit(completed().replace('\n### Gaps', '- It took 3 minutes.\n\n### Gaps'));
    expect(bare.isError && bare.text).toMatch(/REVIEW_INVALID[\s\S]*line \d+: it cites no event.*may be meant: #\d+/);
    const wrong = await submit(completed().replace('\n### Gaps', '- It took 3 minutes (#0).\n\n### Gaps'));
    expect(wrong.isError && wrong.text).toMatch(/#0 does not say "3 minutes"/);
    const outside = await submit(completed().replaceAll(checklist, '../other.md'));
    expect(outside.isError && outside.text).toMatch(/lie inside the project/);
    expect(existsSync(at('../other.md'))).toBe(false);
    const kept = await submit(completed());
    expect(kept.text).toMatch(/is kept \(rating \d+\/10\)[\s\S]*would change: .*pre-deployment-checklist\.md/);
  });

  it('is applied only after a person has acknowledged these very words', async () => {
    const apply = (): ReturnType<Session['call']> => session.call('deploy_review', { action: 'apply', run_id: runId });
    const early = await apply();
    expect(early.isError && early.text).toMatch(/REVIEW_NOT_ACKNOWLEDGED.*nobody has yet/);
    const itself = await session.call('deploy_review', { action: 'acknowledge', run_id: runId });
    expect(itself.isError && itself.text).toMatch(/a person acknowledges a review/);
    const acknowledged = await session.call('rollout_approve', { scope: `review:${runId}`, service: 'shop' });
    expect(acknowledged.text).toMatch(/is acknowledged \(client-dialog\)/);
    expect(reviewText()).toMatch(/## Acknowledgement\n\n- Acknowledged by a person, asked by e2e, \d{4}-/);
    expect((await session.call('rollout_plan', { version: '2.0.0' })).text).toMatch(/planId/);

    const signed = reviewText();
    writeFileSync(at(`.seatrial/reviews/${runId}.md`), signed.replace('ask Ada', 'ask Eve'));
    expect((await apply()).text).toMatch(/not the text that was acknowledged/);
    writeFileSync(at(`.seatrial/reviews/${runId}.md`), signed);

    const done = await apply();
    expect(done.text).toMatch(/pre-deployment-checklist\.md: \d+ lines? more/);
    const text = readFileSync(at(checklist), 'utf8');
    expect(text).toContain('- [ ] ask Ada\r\n- [ ] The same commit ran on staging');
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(readFileSync(at(guidelines), 'utf8')).toMatch(/^# Deployment guidelines\n\n## After: watching\n\n- /);
    const again = scratch.cli(['review', 'apply', runId]);
    expect(again.stdout).toMatch(/says it already[\s\S]*Nothing had to be changed/);
    expect(readFileSync(at(checklist), 'utf8')).toBe(text);
  });

  /** Submits the review with one more patch (and the first as it is), and acknowledges it. */
  const propose = async (patch: string): Promise<void> => {
    const text = completed().replace(
      '\n- Documents in order',
      `\n### 9. More\n\n\`\`\`diff\n${patch}\n\`\`\`\n\n- Documents in order`,
    );
    const body = text.slice(0, text.indexOf('\n## Acknowledgement'));
    const kept = await session.call('deploy_review', { action: 'submit', run_id: runId, text: body });
    expect(kept.text).toMatch(/has to be acknowledged again/);
    await session.call('rollout_approve', { scope: `review:${runId}` });
  };

  it('changes all documents or none', async () => {
    write('docs/a.md', 'one\ntwo\nthree\n');
    const original = reviewText();
    await propose(
      '--- a/docs/a.md\n+++ b/docs/a.md\n@@ -1,3 +1,4 @@\n one\n two\n+new\n three\n--- /dev/null\n+++ b/docs/new.md\n@@ -0,0 +1 @@\n+made',
    );
    const acknowledged = reviewText();
    write('docs/a.md', 'one\n2\nthree\n');
    const changed = scratch.cli(['review', 'apply', runId]);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toMatch(
      /PATCH_REFUSED[\s\S]*docs\/a\.md does not fit[\s\S]*against the documents as they are/,
    );
    expect(existsSync(at('docs/new.md'))).toBe(false);

    rmSync(at('docs/a.md'));
    write('elsewhere.md', 'one\ntwo\nthree\n');
    symlinkSync(at('elsewhere.md'), at('docs/a.md'));
    expect(scratch.cli(['review', 'apply', runId]).stderr).toMatch(/docs\/a\.md is refused: .*is a link/);
    expect(readFileSync(at('elsewhere.md'), 'utf8')).toBe('one\ntwo\nthree\n');
    rmSync(at('docs/a.md'));

    writeFileSync(at('docs/a.md'), Buffer.from([0x6f, 0xff, 0x0a]));
    expect(scratch.cli(['review', 'apply', runId]).stderr).toMatch(/is not UTF-8 text/);

    write('docs/a.md', 'intro\none\ntwo\nthree');
    chmodSync(at('docs/a.md'), 0o600);
    expect(scratch.cli(['review', 'apply', runId]).stdout).toMatch(
      /docs\/a\.md: 1 line more[\s\S]*docs\/new\.md: made/,
    );
    expect(readFileSync(at('docs/a.md'), 'utf8')).toBe('intro\none\ntwo\nnew\nthree');
    expect(readFileSync(at('docs/new.md'), 'utf8')).toBe('made\n');
    expect(reviewText()).toBe(acknowledged);
    writeFileSync(at(`.seatrial/reviews/${runId}.md`), original);
  });

  it('can be done by a person at the command line alone', () => {
    const help = scratch.cli(['review', '--help']);
    expect(help.stdout).toContain('seatrial review acknowledge');
    const nobody = scratch.cli(['review', 'acknowledge', runId]);
    expect(nobody.code).toBe(5);
    expect(nobody.stderr).toMatch(/APPROVAL_NOT_ACCEPTED.*no person is at this terminal/);
    expect(scratch.cli(['review', 'status', runId]).stdout).toMatch(/is acknowledged by/);
    // The text was put back by hand, and is not the one that was acknowledged last.
    expect(scratch.cli(['review', 'submit', runId]).stdout).toMatch(/is kept[\s\S]*has to be acknowledged again/);
  });

  it('is acknowledged in a terminal by typing the end of the run id', () => {
    const onTerminal = (typed: string): string => {
      const command = [process.execPath, bundle, 'review', 'acknowledge', runId].map((part) => `'${part}'`);
      const done = spawnSync('script', ['-qec', command.join(' '), '/dev/null'], {
        cwd: scratch.directory,
        env: { ...scratch.env, TERM: 'xterm' },
        encoding: 'utf8',
        input: `${typed}\n`,
        timeout: 60_000,
      });
      return done.stdout;
    };
    expect(onTerminal('NOPE12')).toMatch(/last six characters[\s\S]*APPROVAL_NOT_ACCEPTED/);
    expect(scratch.cli(['review', 'status', runId]).stdout).toMatch(/not acknowledged yet/);
    expect(onTerminal(runId.slice(-6))).toMatch(/is acknowledged \(terminal\)/);
    expect(reviewText().match(/## Acknowledgement/g)).toHaveLength(1);
  });
});
