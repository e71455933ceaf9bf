import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../e2e/scratch-project.ts';
import { createPlugScene, endAll, groupOf, type PlugScene, pidsWhere, runCli } from './plug-scene.ts';
import { proofCount, recordProof } from './record-proof.ts';

/** Ways to die, each of the supervisor of a bad canary; who else dies is said by the name. */
const deaths: Record<string, (scene: PlugScene) => Promise<void>> = {
  'supervisor by pid': async (scene) => endAll(scene.pidsOf('supervise')),
  'supervisor and watchdog by pid': async (scene) => endAll(scene.pidsOf('supervise', 'watchdog')),
  'process groups of supervisor and watchdog': async (scene) => {
    for (const pid of scene.pidsOf('supervise', 'watchdog')) endGroup(groupOf(pid).group);
  },
  'sessions of supervisor and watchdog': async (scene) => {
    const sessions = scene.pidsOf('supervise', 'watchdog').map((pid) => groupOf(pid).session);
    endAll(pidsWhere(({ session }) => sessions.includes(session)));
  },
  'whole trees below supervisor, watchdog and host': async (scene) => {
    endAll(scene.pidsOf('supervise', 'watchdog', 'host-daemon').flatMap(treeBelow));
  },
};

const each = proofCount({ quick: 1, full: 100 });
const stops = proofCount({ quick: 0, full: 12 });
/** Projects that die side by side. */
const projects = proofCount({ quick: 1, full: 6 });

/** Post-conditions are read from outside: answers through the proxy, and lines of the journal. */
describe('real deaths in the middle of a bad canary', () => {
  let scenes: PlugScene[];
  beforeAll(async () => {
    scenes = [];
    for (let count = 0; count < projects; count += 1) scenes.push(await createPlugScene());
  }, 300_000);
  afterAll(async () => {
    for (const scene of scenes) await scene.close();
  }, 300_000);

  it.each(Object.keys(deaths))(
    '%s: users are back on stable and the run ends as rolled back',
    async (how) => {
      const kill = deaths[how];
      if (kill === undefined) throw new Error(how);
      await dieOften(how, each, async (scene) => {
        const { runId } = await scene.startBadCanary();
        await kill(scene);
        const { restoredMs } = await scene.untilRestored();
        return { restoredMs, outcome: await scene.untilEnded(runId) };
      });
    },
    each * 120_000,
  );

  // They are given their whole time, so this takes longest.
  it.runIf(stops > 0)(
    'supervisor and watchdog that are stopped and live on: users are back, and whoever holds the run is ended',
    async () => {
      await dieOften('supervisor and watchdog stopped (SIGSTOP)', stops, async (scene) => {
        const { runId } = await scene.startBadCanary();
        for (const pid of scene.pidsOf('supervise', 'watchdog')) process.kill(pid, 'SIGSTOP');
        const { restoredMs } = await scene.untilRestored();
        return { restoredMs, outcome: await scene.untilEnded(runId) };
      });
    },
    stops * 180_000,
  );

  it(
    'of whoever started it, by tree, group and session, do not reach the run',
    async () => {
      await Promise.all(scenes.map(startAndDie));
    },
    each * 120_000,
  );

  // Another boot id is put over the real one, for those who are started from then on.
  it.runIf(process.getuid?.() === 0)(
    'of the machine: after a boot the host takes users back as soon as it is up again',
    async () => {
      let boots = 0;
      await dieOften('changed boot id: everything dies, then `host up`', each, async (scene) => {
        boots += 1;
        return dieAndBoot(scene, `${String(boots).padStart(8, '0')}-0000-4000-8000-000000000000`);
      });
    },
    each * 180_000,
  );

  type Death = (scene: PlugScene) => Promise<{ restoredMs: number; outcome: string }>;

  async function dieOften(how: string, times: number, die: Death): Promise<void> {
    const seconds: number[] = [];
    const outcomes: string[] = [];
    let begun = 0;
    const lane = async (scene: PlugScene): Promise<void> => {
      while (begun < times) {
        begun += 1;
        const { restoredMs, outcome } = await die(scene);
        seconds.push(restoredMs / 1000);
        outcomes.push(outcome);
      }
    };
    // All of them come to their end, so that none reaches into the next proof.
    const lanes = await Promise.allSettled(scenes.map(lane));
    for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
    const wrong = outcomes.filter((outcome) => outcome !== 'rolled_back').length;
    recordDeaths(how, seconds, wrong);
    expect({ wrong, done: seconds.length }).toEqual({ wrong: 0, done: times });
  }
});

const own = ['supervise', 'watchdog', 'host-daemon', 'host-guard'];

/** The shell that starts a run dies with its tree, its group and its session; the run is still there and obeys. */
async function startAndDie(scene: PlugScene): Promise<void> {
  const { directory: cwd, env } = scene.scratch;
  let starter = 0;
  const { runId } = await scene.startBadCanary(async (args) => {
    const shell = spawn('sh', ['-c', '"$0" "$@"; sleep 300', process.execPath, bundle, ...args], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    starter = shell.pid ?? 0;
    const [line] = await once(shell.stdout.setEncoding('utf8'), 'data');
    return String(line);
  });
  const before = scene.pidsOf(...own);
  expect(before.length).toBe(own.length);
  const { group, session } = groupOf(starter);
  endAll([...treeBelow(starter), ...pidsWhere((one) => one.session === session)]);
  endGroup(group);
  expect(scene.pidsOf(...own)).toEqual(before);
  await runCli(scene.scratch, ['abort', runId]);
  expect(await scene.untilEnded(runId)).toBe('aborted');
}

/** Everything dies, and what is started afterwards lives in another boot. */
async function dieAndBoot(scene: PlugScene, bootId: string): Promise<{ restoredMs: number; outcome: string }> {
  const { scratch } = scene;
  const { runId } = await scene.startBadCanary();
  const everything = (): number[] => scratch.processes().map(({ pid }) => pid);
  endAll(everything());
  const file = join(scratch.stateHome, bootId);
  writeFileSync(file, `${bootId}\n`);
  const inside = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
  const up = spawn('unshare', ['--mount', 'sh', '-c', inside, file, process.execPath, bundle, 'host', 'up'], {
    cwd: scratch.directory,
    env: scratch.env,
    stdio: 'ignore',
  });
  const ended = once(up, 'exit');
  const { restoredMs } = await scene.untilRestored();
  await ended;
  const outcome = await scene.untilEnded(runId);
  // The next run begins on the machine as it is.
  endAll(everything());
  await runCli(scratch, ['host', 'up']);
  return { restoredMs, outcome };
}

function recordDeaths(how: string, seconds: readonly number[], wrong: number): void {
  const sorted = seconds.toSorted((left, right) => left - right);
  const figures = {
    'median s': (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1),
    'max s': (sorted.at(-1) ?? 0).toFixed(1),
  };
  recordProof({
    promise: 'real-deaths',
    what: `${how}: users are back on stable and the run is recorded as rolled back`,
    tried: seconds.length,
    wrong,
    seed: null,
    figures,
  });
}

/** A process and all that descend from it by parent pid. */
function treeBelow(pid: number): number[] {
  return [pid, ...pidsWhere(({ parent }) => parent === pid).flatMap(treeBelow)];
}

function endGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
