import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Scratch } from './scratch-project.ts';

const statePath = 'docs/stories/order-history/workflow-state.json';
const state = `{
  "story": "Order history",
  "currentPhase": "deploy",
  "completedPhases": ["understand", "research", "scope", "design", "decompose", "implement", "validate"],
  "startedAt": "2026-11-01T09:00:00Z",
  "reviewers": ["ada"]
}
`;

/** From a run that succeeded to a story that is complete, through the built bundle. */
describe('the completion of a story', { timeout: 180_000 }, () => {
  let scratch: Scratch;
  let [first, second] = ['', ''];

  const at = (path: string): string => join(scratch.directory, path);
  const write = (path: string, text: string): void => {
    mkdirSync(join(at(path), '..'), { recursive: true });
    writeFileSync(at(path), text);
  };
  const configure = (completion: string): void =>
    scratch.writeConfig({
      strategy: '{ kind: direct, bake: 1s, maxBake: 60s }',
      approval: '{ how: none }',
      extra: `    notify: [{ file: told.jsonl }]\n    copies: {}\n${completion}`,
    });
  const ship = (version: string): string => {
    const shipped = scratch.cli(['ship', version, '--yes', '--json'], { timeoutMs: 120_000 });
    const runId = /"runId":\s*"([0-9a-z]{26})"/.exec(shipped.stdout)?.[1] ?? '';
    expect(runId, shipped.stdout + shipped.stderr).toHaveLength(26);
    return runId;
  };

  beforeAll(async () => {
    scratch = await createScratch();
    writeFileSync(at('.gitignore'), 'told.jsonl\nticket.json\n');
    write(
      'ticket.mjs',
      "import { createWriteStream } from 'node:fs';\nprocess.stdin.pipe(createWriteStream('ticket.json'));\n",
    );
    write(statePath, state);
    write('docs/stories/order-history/design.md', '# Design\n\nCustomers see what they bought.\n');
    write('docs/stories/other/workflow-state.json', '{"currentPhase": "design"}\n');
    configure(`    completion: { ticket: { command: [${JSON.stringify(process.execPath)}, ticket.mjs] } }`);
    scratch.release({ version: '1.0.0' });
    scratch.release({ version: '2.0.0', crashOnStart: true });
  }, 60_000);

  afterAll(() => scratch?.close(), 60_000);

  it('is done by itself when it is configured', () => {
    first = ship('1.0.0');
    const deadline = Date.now() + 30_000;
    while (!existsSync(at(`.seatrial/completions/${first}.md`)) && Date.now() < deadline)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const text = readFileSync(at(statePath), 'utf8');
    const { completedAt } = JSON.parse(text);
    expect(text).toBe(
      state
        .replace('"deploy"', '"complete"')
        .replace('"validate"]', '"validate", "deploy"]')
        .replace('["ada"]\n', `["ada"],\n  "completedAt": "${completedAt}"\n`),
    );
    const summary = readFileSync(at(`.seatrial/completions/${first}.md`), 'utf8');
    expect(summary).toMatch(
      /^## Completed: Order history\n\n### What Was Delivered\n- Customers see what they bought\./,
    );
    expect(summary).toContain('- Design: docs/stories/order-history/design.md');
    expect(summary).toContain('- Ticket: told by command');
    expect(summary).toMatch(/- \[x\] Deployment successful: succeeded.*\(#\d+\)/);
    expect(summary).toContain(`- [x] Workflow state marked complete: ${statePath}`);
    expect(readFileSync(at('told.jsonl'), 'utf8')).toMatch(/"about":"start"[\s\S]*"about":"success"/);
    expect(summary).toContain('- [x] Stakeholders notified: success, by file');
    expect(JSON.parse(readFileSync(at('ticket.json'), 'utf8'))).toMatchObject({
      about: 'completed',
      story: 'order-history',
      version: '1.0.0',
      runId: first,
    });
  });

  it('is the same when it is done again, and tells the ticket once', () => {
    const before = readFileSync(at(statePath), 'utf8');
    writeFileSync(at('ticket.json'), 'untouched');
    const again = scratch.cli(['complete', first]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('## Completed: Order history');
    expect(readFileSync(at(statePath), 'utf8')).toBe(before);
    expect(readFileSync(at('ticket.json'), 'utf8')).toBe('untouched');
    expect(scratch.cli(['report', first, '--kind', 'completion']).stdout).toContain(
      '- [x] Workflow state marked complete',
    );
  });

  it('never makes a state file that nobody asked for, and never guesses the story', () => {
    const other = scratch.cli(['complete', first, '--story', 'brand-new']);
    expect(other.stdout).toMatch(
      /- \[ \] Workflow state marked complete: not met: .*brand-new\/workflow-state\.json is not there/,
    );
    expect(existsSync(at('docs/stories/brand-new'))).toBe(false);
    expect(scratch.cli(['complete', first, '--story', '../x']).stderr).toMatch(/INPUT_INVALID/);
    configure('    completion: { story: brand-new, create: true }');
    const made = scratch.cli(['complete', first, '--story', 'brand-new']);
    expect(made.stdout).toContain('- [x] Workflow state marked complete: docs/stories/brand-new/workflow-state.json');
    expect(JSON.parse(readFileSync(at('docs/stories/brand-new/workflow-state.json'), 'utf8'))).toMatchObject({
      currentPhase: 'complete',
    });
  });

  it('comes with copies where people look, which make no tree unclean and are told', () => {
    const report = readFileSync(at('docs/deployment/deployment-report-1.0.0.md'), 'utf8');
    expect(report).toContain(`Deployment Plan: docs/deployment/deployment-plan-1.0.0.md`);
    expect(readFileSync(at('docs/releases/release-notes-1.0.0.md'), 'utf8')).toContain('**Status**: deployed to');
    expect(scratch.cli(['report', first]).stdout).toContain(
      'Copies: docs/deployment/deployment-plan-1.0.0.md, docs/deployment/rollback-plan-1.0.0.md, docs/releases/release-notes-1.0.0.md, docs/deployment/deployment-report-1.0.0.md',
    );
    scratch.git('add', '--all', '--', ':!docs/deployment', ':!docs/releases');
    scratch.git('commit', '--quiet', '--message', 'docs: stories');
    const { stdout } = scratch.cli(['preflight', '1.0.0', '--json']);
    expect(stdout).toMatch(/"id":\s*"working-tree"/);
    expect(stdout).toContain('nothing is uncommitted');
  });

  it('is refused for a run that did not succeed', () => {
    scratch.git('add', '--all');
    scratch.git('commit', '--quiet', '--message', 'docs: stories');
    second = ship('2.0.0');
    const refused = scratch.cli(['complete', second]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/COMPLETION_REFUSED.*it ended as failed/);
    expect(existsSync(at(`.seatrial/completions/${second}.md`))).toBe(false);
  });
});
