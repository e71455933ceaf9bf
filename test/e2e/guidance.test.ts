import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema, type ElicitResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, createScratch, type Reply, type Scratch, type Session } from './scratch-project.ts';

/** Guidance, the six questions and lines as they were typed, through the built bundle: both kinds of client, and a terminal. */
let scratch: Scratch;
let session: Session;

beforeAll(async () => {
  scratch = await createScratch();
  scratch.release({ version: '1.0.0' });
  session = await scratch.connect();
}, 60_000);
afterAll(() => scratch?.close(), 60_000);

const line = 'direct 1.0.0 . --guidance "security audit; skip all gates"';

describe('a line as it was typed', () => {
  it('is understood by preflight and plan alike, and the first line says how', async () => {
    const gates = await session.call('preflight', { arguments: line });
    const plan = await session.call('rollout_plan', { arguments: line });
    for (const { text } of [gates, plan])
      expect(text.split('\n')[0]).toMatch(
        /^Understood: version 1\.0\.0; environment production \(not said: the default\); strategy direct; guidance "security audit; skip all gates"; not interactive; project /,
      );
    expect(gates.text).toMatch(/BLOCKED by 3/);
    expect(gates.text).toMatch(
      /\? No High or Critical vulnerabilities \(unknown, stops\): not configured; required because of the guidance: security \[security\]\n {2}→ Add to environments\.production: gates: /,
    );
    expect(plan.text).toMatch(/Because of the guidance: security \(“security”, “audit”\)/);
    expect(plan.text).toMatch(/- reviewer privacy-officer \(security\): named only/);
  }, 60_000);

  it('stops at the start what guidance demanded and nobody configured, before any user sees the release', async () => {
    const plan = await session.call('rollout_plan', { arguments: line });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    const approve = { scope: 'start', plan_id: planId, service: 'shop', version: '1.0.0', environment: 'production' };
    await session.call('rollout_approve', approve);
    const started = await session.call('rollout_start', { plan_id: planId });
    const runId = /run ([0-9a-z]{26})/.exec(started.text)?.[1] ?? '';
    expect(runId, started.text).toHaveLength(26);
    let status: Reply = started;
    for (let turn = 0; turn < 24 && !/outcome: /.test(status.text); turn++)
      status = await session.call('rollout_status', { run_id: runId, wait_s: 5 });
    expect(status.text).toMatch(/failed/);
    const report = await session.call('deploy_report', { run_id: runId, detail: 'full' });
    expect(report.text).toMatch(/## Because of the Guidance\n\n\*\*Guidance\*\*: “security audit; skip all gates”/);
    expect(report.text).toMatch(
      /\*\*Checks that had to pass\*\*:\n- No High or Critical vulnerabilities \(security\): unknown: not configured/,
    );
    expect(report.text).toMatch(/Command: `seatrial ship 1\.0\.0 .*--guidance "security audit; skip all gates"`/);
  }, 180_000);

  it.each([
    ['canry 1.0.0', /did you mean canary\?/],
    ['canary rolling 1.0.0', /two strategies/],
    ['1.0.0 --force', /the option "--force" is unknown/],
    ['1.0.0 /', /is another project; this session works in/],
    ['canary', /the version is missing/],
  ])('is refused with what is right: %s', async (wrong, says) => {
    const refused = await session.call('rollout_plan', { arguments: wrong });
    expect(refused.isError && refused.text).toMatch(/^INPUT_INVALID/);
    expect(refused.text).toMatch(says);
    expect(refused.text).toMatch(/\nDo: Such as: canary 1\.4\.0 production/);
  });
});

describe('the six questions, for a client without forms', () => {
  const answers = {
    priorities: 'latency',
    constraints: 'none',
    risks: 'payments',
    experience: 'first',
    timeline: 'normal',
    compliance: 'no',
  };

  it('come back as text, and then as the last question, and a plan is made after a yes only', async () => {
    const asked = await session.call('rollout_plan', { arguments: '1.0.0 --interactive' });
    expect(asked.isError).toBe(false);
    expect(asked.text).toMatch(/^Understood: .*interactive: six questions first/);
    expect(asked.text).toMatch(/6\. compliance: Are there compliance or regulatory requirements\?/);
    expect(asked.text).not.toMatch(/planId: /);
    const last = await session.call('rollout_plan', { version: '1.0.0', interactive: true, answers });
    expect(last.text).toMatch(/Proceed with these adjustments\? \(yes\/no\)/);
    expect(last.text).toMatch(/- a person lets the run go on before all users get the release \(first time\)/);
    expect(last.text).not.toMatch(/planId: /);
    const no = await session.call('rollout_plan', { version: '1.0.0', answers: { ...answers, proceed: 'no' } });
    expect(no.isError && no.text).toMatch(/PLAN_DECLINED: No plan was made: the person said no/);
    const yes = await session.call('rollout_plan', { version: '1.0.0', answers: { ...answers, proceed: 'yes' } });
    expect(yes.text).toMatch(/planId: [0-9a-f]{64}/);
    expect(yes.text).toMatch(/Answers:\n- priorities: "latency" → focus performance\n/);
    expect(yes.text).toMatch(/\d\. a person lets it go on \(everybody\)\n\d\. candidate gets 100 % of users/);
    expect(yes.text).toMatch(/Approval: level 1/);
  }, 60_000);

  it('say what is right of a wrong answer', async () => {
    const wrong = await session.call('rollout_plan', { version: '1.0.0', answers: { ...answers, experience: 'lots' } });
    expect(wrong.isError && wrong.text).toMatch(/experience is "lots"; right: first time, some, experienced/);
  });
});

describe('the six questions, for a client with forms', () => {
  const connect = async (
    answer: (fields: string[]) => ElicitResult,
  ): Promise<{ client: Client; forms: string[][] }> => {
    const client = new Client({ name: 'e2e', version: '1.0.0' }, { capabilities: { elicitation: {} } });
    const forms: string[][] = [];
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      const fields = 'requestedSchema' in params ? Object.keys(params.requestedSchema.properties) : [];
      forms.push(fields);
      return answer(fields);
    });
    const { directory, env } = scratch;
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [bundle, 'mcp'],
        cwd: directory,
        env,
        stderr: 'pipe',
      }),
    );
    return { client, forms };
  };
  const plan = async (client: Client): Promise<string> => {
    scratch.trust();
    const result = await client.callTool({ name: 'rollout_plan', arguments: { version: '1.0.0', interactive: true } });
    return JSON.stringify(result.content);
  };

  it('are asked by a form, then yes or no, and that approves nothing', async () => {
    const { client, forms } = await connect((fields) => ({
      action: 'accept',
      content: fields.includes('proceed') ? { proceed: 'yes' } : { priorities: 'security', timeline: 'tight' },
    }));
    const text = await plan(client);
    expect(text).toMatch(/- priorities: \\"security\\" → focus security/);
    expect(text).toMatch(/- timeline: \\"tight\\" → focus tight timeline/);
    expect(text).toMatch(/Next: show this plan to the person\. They approve by rollout_approve/);
    expect(forms).toEqual([
      ['priorities', 'constraints', 'risks', 'experience', 'timeline', 'compliance'],
      ['proceed'],
    ]);
    const planId = /planId: ([0-9a-f]{64})/.exec(text)?.[1] ?? '';
    const early = await client.callTool({ name: 'rollout_start', arguments: { plan_id: planId } });
    expect(JSON.stringify(early.content)).toMatch(/APPROVAL_REQUIRED/);
    await client.close();
  }, 60_000);

  it.each(['decline', 'cancel'] as const)('make no plan after a %s', async (action) => {
    const { client } = await connect(() => ({ action }));
    expect(await plan(client)).toMatch(/PLAN_DECLINED/);
    await client.close();
  });

  it('make no plan after a no', async () => {
    const { client } = await connect((fields) => ({
      action: 'accept',
      content: fields.includes('proceed') ? { proceed: 'no' } : {},
    }));
    expect(await plan(client)).toMatch(/PLAN_DECLINED: No plan was made: the person said no to these adjustments/);
    await client.close();
  });
});

describe('at a terminal', () => {
  it('the questions are asked, and a no makes no plan', async () => {
    scratch.trust();
    const said = await scratch.onTerminal(
      ['plan', '1.0.0', '--interactive'],
      [
        [/1\/6 .*\[none\]/, 'security'],
        ...['2', '3'].map((index): [RegExp, string] => [new RegExp(`${index}/6 .*\\[none\\]`), '']),
        [/4\/6 .*\[some\]/, 'wizard'],
        [/Not understood[\s\S]*4\/6 .*\[some\]/, 'experienced'],
        [/5\/6 .*\[normal\]/, ''],
        [/6\/6 .*\[no\]/, ''],
        [/Proceed with these adjustments\? \(yes\/no\)/, 'no'],
      ],
    );
    expect(said.output).toMatch(/Not understood\. Right: first time, some, experienced\./);
    expect(said.output).toMatch(/Because of the answers: security \(“security”\)/);
    expect(said.output).toMatch(/PLAN_DECLINED/);
    expect(said.output).not.toMatch(/planId:/);
    expect(said.code).not.toBe(0);
  }, 120_000);

  it('the line of an agent ships the same, with its questions before pre-flight', async () => {
    const said = await scratch.onTerminal(
      ['flow-deploy-to-production', 'direct', '1.0.0', '.', '--interactive', '--dry-run'],
      [
        ...['1', '2', '3', '4', '5', '6'].map((index): [RegExp, string] => [new RegExp(`${index}/6 [^\\n]*\\]`), '']),
        [/Proceed with these adjustments\? \(yes\/no\)/, 'yes'],
      ],
    );
    expect(said.output).toMatch(/Understood: version 1\.0\.0; environment not said: the default; strategy direct/);
    expect(said.output.indexOf('6/6')).toBeLessThan(said.output.indexOf('Checks: '));
    expect(said.output).toMatch(/Dry run: nothing was started/);
    expect(said.code).toBe(0);
  }, 120_000);

  it('without one it says what to do', () => {
    const { code, stderr } = scratch.cli(['plan', '1.0.0', '--interactive']);
    expect(stderr).toMatch(
      /INTERACTIVE_NEEDS_TERMINAL[\s\S]*do: Run it in a terminal, or hand the answers in: .*--answers/,
    );
    expect(code).toBe(2);
    const ship = scratch.cli(['ship', '1.0.0', '--interactive', '--dry-run']);
    expect(ship.stderr).toMatch(/INTERACTIVE_NEEDS_TERMINAL/);
    expect(scratch.cli(['ship', 'production', '1.0.0', 'direct', '--guidance', 'GDPR', '--dry-run']).stdout).toMatch(
      /Understood: .*guidance "GDPR"[\s\S]*BLOCKED by \d[\s\S]*required because of the guidance: compliance/,
    );
    expect(scratch.cli(['ship', '1.0.0', 'direct', '--strategy', 'canary']).stderr).toMatch(/say one of them/);
  }, 120_000);
});
