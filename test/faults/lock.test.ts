import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../analysis/seeded-random.ts';
import { buildChild, temporaryDirectory } from '../journal/journal-fixtures.ts';
import { proofCount, recordProof } from './record-proof.ts';

const seed = 20261203;
type Goal = { acquisitions: number; kills: number; workers: number };
type Seen = {
  acquisitions: number;
  killed: number;
  paused: number;
  overlaps: number;
  regressions: number;
  stale: number;
};

/** Many owners of one lock after the other, while some are killed and some are stopped for a while. */
async function contend(goal: Goal, careless: boolean): Promise<Seen> {
  const directory = await temporaryDirectory();
  const script = buildChild('lock-worker', directory);
  const [base, log] = [join(directory, 'locks'), join(directory, 'log')];
  mkdirSync(base, { mode: 0o700 });
  writeFileSync(log, '');
  const draw = seededRandom(seed);
  const workers: ChildProcess[] = [];
  onTestFinished(() => {
    for (const worker of workers) worker.kill('SIGKILL');
  });
  const begin = (): void => {
    workers.push(
      spawn(process.execPath, [script, base, log, ...(careless ? ['careless'] : [])], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
  };
  for (let count = 0; count < goal.workers; count += 1) begin();
  const struck = { killed: 0, paused: 0 };
  const entered = (): number => readFileSync(log, 'utf8').split('enter').length - 1;
  const perStrike = goal.acquisitions / goal.kills;
  // A busy machine takes longer, and is not a wrong lock.
  for (const end = Date.now() + 1_500_000; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    const now = entered();
    if (now >= goal.acquisitions && struck.killed >= goal.kills) break;
    if (now < (struck.killed + 1) * perStrike * 0.9) continue;
    // Of those that have been at work for longest: who has just begun holds nothing yet.
    const victim = workers.splice(Math.floor(draw() * Math.max(1, workers.length / 2)), 1)[0];
    victim?.kill('SIGKILL');
    struck.killed += 1;
    begin();
    const sleeper = workers[Math.floor(draw() * (workers.length - 1))];
    if (draw() > 0.5 || sleeper === undefined) continue;
    sleeper.kill('SIGSTOP');
    struck.paused += 1;
    await new Promise((resolve) => setTimeout(resolve, 20 + draw() * 150));
    sleeper.kill('SIGCONT');
  }
  for (const worker of workers) worker.kill('SIGKILL');
  return { ...judge(readFileSync(log, 'utf8')), ...struck };
}

function judge(text: string): Pick<Seen, 'acquisitions' | 'overlaps' | 'regressions' | 'stale'> {
  const seen = { acquisitions: 0, overlaps: 0, regressions: 0, stale: 0 };
  const newest = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    const [what = '', place = '', generation = ''] = line.split(' ');
    const token = Number(generation);
    const known = newest.get(place) ?? 0;
    if (what === 'enter') {
      seen.acquisitions += 1;
      if (token <= known) seen.regressions += 1;
      newest.set(place, Math.max(known, token));
    } else if (token !== known) {
      // Whoever is inside is the newest one: nobody else may have come in meanwhile.
      if (what === 'work') seen.stale += 1;
      else seen.overlaps += 1;
    }
  }
  return seen;
}

describe('the lock of a target', () => {
  it('has one owner at a time while owners are killed and stopped, and their clocks jump', async () => {
    const goal =
      proofCount({ quick: 0, full: 1 }) === 1
        ? { acquisitions: 10_200, kills: 510, workers: 5 }
        : { acquisitions: 200, kills: 6, workers: 3 };
    const { acquisitions, killed, paused, ...wrong } = await contend(goal, false);
    expect(wrong).toEqual({ overlaps: 0, regressions: 0, stale: 0 });
    expect([acquisitions >= goal.acquisitions, killed >= goal.kills]).toEqual([true, true]);
    recordProof({
      promise: 'lock',
      what: 'Acquisitions by many processes, owners killed, stopped and with jumping clocks: overlaps, tokens that fall, stale writes',
      tried: acquisitions,
      wrong: Object.values(wrong).reduce((sum, count) => sum + count, 0),
      seed,
      figures: { killed, paused },
    });
  }, 1_600_000);

  it('is found out when it has no generations', async () => {
    const { acquisitions, overlaps, regressions, stale } = await contend(
      { acquisitions: 200, kills: 4, workers: 4 },
      true,
    );
    expect(overlaps + regressions + stale).toBeGreaterThan(0);
    recordProof({
      promise: 'lock',
      what: 'Negative control, a lock without generations: not noticed',
      tried: acquisitions,
      wrong: overlaps + regressions + stale > 0 ? 0 : 1,
      seed,
      figures: { caught: overlaps + regressions + stale },
    });
  }, 300_000);
});
