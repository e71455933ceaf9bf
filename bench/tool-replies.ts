import { createScratch, type Scratch, type Session } from '../test/e2e/scratch-project.ts';
import type { BenchTable } from './mcp.ts';

const maxTokens = 600;

/** What each tool says by default, in tokens, around a short rollout that really happens. Needs a built bundle; fails over the budget. */
export async function benchToolReplies(): Promise<BenchTable> {
  const scratch = await createScratch();
  try {
    for (const version of ['1.0.0', '2.0.0']) scratch.release({ version });
    const replies = await collectReplies(scratch);
    return {
      title: "Tools' default replies",
      columns: ['tool', 'tokens', 'budget'],
      rows: replies.map(({ tool, tokens }) => [tool, String(tokens), String(maxTokens)]),
      notes: [
        'A canary in the shop of examples/, from pre-flight to the rollback after it; tokens are bytes of the reply / 4.',
      ],
      failed: replies.some(({ tokens }) => tokens > maxTokens),
    };
  } finally {
    await scratch.close();
  }
}

type Reply = { tool: string; tokens: number };

async function collectReplies(scratch: Scratch): Promise<Reply[]> {
  const session = await scratch.connect();
  await ship(session, '1.0.0', () => undefined);
  const replies: Reply[] = [];
  const ask = async (tool: string, args: Record<string, unknown> = {}): Promise<string> => {
    const { text, isError } = await session.call(tool, args);
    if (isError) throw new Error(`${tool} refused: ${text}`);
    replies.push({ tool, tokens: Math.ceil(Buffer.byteLength(text) / 4) });
    return text;
  };
  const clients = await scratch.startClients();
  await ask('preflight', { version: '2.0.0' });
  await ship(session, '2.0.0', (tool, text) => {
    replies.push({ tool, tokens: Math.ceil(Buffer.byteLength(text) / 4) });
  });
  for (const tool of ['rollout_status', 'deploy_report', 'deploy_review', 'learnings', 'smoke_test']) await ask(tool);
  await ask('rollback', { reason: 'measured' });
  await untilOver(session);
  await clients.stop();
  return replies;
}

async function ship(session: Session, version: string, seen: (tool: string, text: string) => void): Promise<void> {
  const plan = await session.call('rollout_plan', { version });
  seen('rollout_plan', plan.text);
  const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
  const asked = { scope: 'start', plan_id: planId, service: 'shop', version, environment: 'production' };
  seen('rollout_approve', (await session.call('rollout_approve', asked)).text);
  const started = await session.call('rollout_start', { plan_id: planId });
  if (started.isError) throw new Error(started.text);
  seen('rollout_start', started.text);
  const paused = await session.call('rollout_control', { action: 'pause' });
  if (!paused.isError) {
    seen('rollout_control', paused.text);
    await session.call('rollout_control', { action: 'resume' });
  }
  await untilOver(session);
}

async function untilOver(session: Session): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1)
    if ((await session.call('rollout_status', { wait_s: 5 })).text.includes('outcome: ')) return;
  throw new Error('the run did not end');
}
