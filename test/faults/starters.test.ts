import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundle, createScratch, type Scratch, sleep } from '../e2e/scratch-project.ts';
import { proofCount, recordProof } from './record-proof.ts';

/** Half of them of one plan, half of two plans for the same place. */
const rounds = proofCount({ quick: 2, full: 50 });
const starters = 10;

const answerSchema = z.union([
  z.object({ ok: z.literal(true), data: z.object({ runId: z.string() }) }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);
type Answer = z.infer<typeof answerSchema>;

describe('ten who start at once', () => {
  let scratch: Scratch;
  let version = 0;
  const kept: string[] = [];
  const wrong: string[] = [];

  beforeAll(async () => {
    scratch = await createScratch();
    scratch.writeConfig({
      approval: '{ how: none }',
      strategy: '{ kind: direct, bake: 1s, maxBake: 60s }',
      metrics: '{ source: prober, path: /health, rate: 150/s }',
    });
    scratch.release({ version: '1.0.0' });
    expect(scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 120_000 })).toMatchObject({ code: 0 });
  }, 180_000);
  afterAll(() => scratch.close(), 120_000);

  const ask = (args: readonly string[]): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const how = { cwd: scratch.directory, env: scratch.env, timeout: 120_000 };
      execFile(process.execPath, [bundle, ...args, '--json'], how, (_failed, stdout) => {
        try {
          resolve(answerSchema.parse(JSON.parse(stdout)));
        } catch (thrown) {
          reject(new Error(`${args.join(' ')} said: ${stdout}`, { cause: thrown }));
        }
      });
    });
  const runs = (): string[] => {
    const { data } = JSON.parse(scratch.cli(['runs', '--json']).stdout);
    return z
      .array(z.object({ runId: z.string() }))
      .parse(data.runs)
      .map(({ runId }) => runId);
  };
  const planOf = (): string => {
    version += 1;
    scratch.release({ version: `2.${version}.0` });
    return JSON.parse(scratch.cli(['plan', `2.${version}.0`, '--json']).stdout).data.planId;
  };
  /** Somebody writes down a lesson meanwhile. */
  const note = async (): Promise<void> => {
    const text = `lesson ${kept.length + 1} of all that must not be lost`;
    kept.push(text);
    const answer = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        [bundle, 'learnings', 'add', '--text', text],
        { cwd: scratch.directory, env: scratch.env },
        (_failed, stdout) => resolve(stdout),
      ),
    );
    if (!answer.includes('Kept')) wrong.push(`"${text}" was not kept: ${answer}`);
  };
  const outcomeOf = async (runId: string): Promise<string> => {
    for (let turn = 0; turn < 600; turn += 1) {
      const { record } = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data;
      if (record.status === 'ended') return record.outcome;
      await sleep(200);
    }
    return 'none';
  };

  const playRound = async (plans: readonly string[]): Promise<void> => {
    const before = runs();
    const asked = Array.from({ length: starters }, (_, index) => ask(['start', plans[index % plans.length] ?? '']));
    const [answers] = await Promise.all([Promise.all(asked), note(), note()]);
    const told = new Set(answers.flatMap((answer) => (answer.ok ? [answer.data.runId] : [])));
    const begun = runs().filter((runId) => !before.includes(runId));
    const [runId = ''] = begun;
    if (begun.length !== 1 || told.size !== 1 || !told.has(runId))
      wrong.push(`${begun.length} runs began, ${told.size} were told: ${JSON.stringify(answers)}`);
    const refusals = answers.flatMap((answer) => (answer.ok ? [] : [answer.error]));
    const unclear = refusals.filter(({ code }) => !['RUN_ACTIVE', 'PLAN_CHANGED', 'PREFLIGHT_BLOCKED'].includes(code));
    wrong.push(...unclear.map(({ code, message }) => `refused by ${code}: ${message}`));
    if (plans.length === 1 && refusals.length > 0) wrong.push(`one plan was refused: ${JSON.stringify(refusals)}`);
    const outcome = await outcomeOf(runId);
    if (outcome !== 'succeeded') wrong.push(`the run ended ${outcome}`);
  };

  it(`start one run in each of ${rounds} rounds, and nothing that is remembered is lost`, {
    timeout: 3_000_000,
  }, async () => {
    for (let round = 0; round < rounds; round += 1)
      await playRound(round % 2 === 0 ? [planOf()] : [planOf(), planOf()]);
    const memory = join(scratch.directory, '.seatrial');
    // The last owner writes its memory down after the end of its run.
    const remembered = (): string[] => readdirSync(join(memory, 'history'), { recursive: true, encoding: 'utf8' });
    const isThere = (runId: string): boolean => remembered().some((path) => path.includes(runId));
    for (let turn = 0; turn < 150 && !runs().every(isThere); turn += 1) await sleep(200);
    wrong.push(
      ...runs()
        .filter((runId) => !isThere(runId))
        .map((runId) => `run ${runId} has no history`),
    );
    const notes = readdirSync(join(memory, 'notes')).filter((name) => name.endsWith('.md'));
    if (notes.length !== kept.length) wrong.push(`${notes.length} of ${kept.length} notes are there`);
    const rebuilt = scratch.cli(['learnings', 'rebuild']);
    if (!rebuilt.stdout.includes(`${rounds + 1} runs`)) wrong.push(`learnings know less: ${rebuilt.stdout}`);
    recordProof({
      promise: 'starters',
      what: 'ten processes start at once, one plan or two plans of one place, while two others write lessons: exactly one run a round, no history, note or learnings entry lost',
      tried: rounds,
      wrong: wrong.length,
      seed: null,
      figures: { starts: rounds * starters, notes: kept.length, histories: rounds + 1 },
    });
    expect(wrong).toEqual([]);
  });
});
