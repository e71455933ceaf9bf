import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../e2e/scratch-project.ts';
import { createPlugScene, endAll, groupOf, type PlugScene, pidsWhere } from './plug-scene.ts';
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
/** Projects that die side by side. */
const projects = proofCount({ quick: 2, full: 4 });

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
      const seconds: number[] = [];
      let [begun, wrong] = [0, 0];
      const lane = async (scene: PlugScene): Promise<void> => {
        while (begun < each) {
          begun += 1;
          const { runId } = await scene.startBadCanary();
          await kill(scene);
          const { restoredMs } = await scene.untilRestored();
          seconds.push(restoredMs / 1000);
          if ((await scene.untilEnded(runId)) !== 'rolled_back') wrong += 1;
        }
      };
      await Promise.all(scenes.map(lane));
      recordDeaths(how, seconds, wrong);
      expect({ wrong, done: seconds.length }).toEqual({ wrong: 0, done: each });
    },
    each * 120_000,
  );

  it(
    'of whoever started it, by tree, group and session, do not reach the run',
    async () => {
      const [scene] = scenes;
      if (scene === undefined) throw new Error('no scene');
      for (let count = 0; count < each; count += 1) {
        let starter = 0;
        const { runId } = await scene.startBadCanary(async (args) => {
          const shell = spawn('sh', ['-c', '"$0" "$@"; sleep 300', process.execPath, bundle, ...args], {
            cwd: scene.scratch.directory,
            env: scene.scratch.env,
            detached: true,
            stdio: ['ignore', 'pipe', 'ignore'],
          });
          starter = shell.pid ?? 0;
          const [line] = await once(shell.stdout.setEncoding('utf8'), 'data');
          return String(line);
        });
        const own = scene.pidsOf('supervise', 'watchdog', 'host-daemon', 'host-guard');
        expect(own.length).toBe(4);
        const { group, session } = groupOf(starter);
        endAll([...treeBelow(starter), ...pidsWhere((one) => one.session === session)]);
        endGroup(group);
        expect(scene.pidsOf('supervise', 'watchdog', 'host-daemon', 'host-guard')).toEqual(own);
        scene.scratch.cli(['abort', runId]);
        expect(await scene.untilEnded(runId)).toBe('aborted');
      }
    },
    each * 120_000,
  );

  it(
    'the machine: after a boot the host takes users back as soon as it is up again',
    async () => {
      const [scene] = scenes;
      if (scene === undefined) throw new Error('no scene');
      const folder = join(scene.scratch.directory, '..', 'boots');
      mkdirSync(folder);
      const seconds: number[] = [];
      let wrong = 0;
      for (let count = 0; count < each; count += 1) {
        const { runId } = await scene.startBadCanary();
        endAll(scene.scratch.processes().map(({ pid }) => pid));
        const boot = join(folder, `boot-${count}`);
        writeFileSync(boot, `0000000${count % 10}-0000-4000-8000-000000000000\n`);
        const up = spawn(
          'unshare',
          [
            '--mount',
            'sh',
            '-c',
            `mount --bind "$1" /proc/sys/kernel/random/boot_id && exec "$2" "$3" host up`,
            'sh',
            boot,
            process.execPath,
            bundle,
          ],
          { cwd: scene.scratch.directory, env: scene.scratch.env, stdio: 'ignore' },
        );
        const { restoredMs } = await scene.untilRestored();
        seconds.push(restoredMs / 1000);
        if (up.exitCode === null) await once(up, 'exit');
        if ((await scene.untilEnded(runId)) !== 'rolled_back') wrong += 1;
        // The next run begins on the machine as it is: whoever lives in that other boot goes.
        endAll(scene.scratch.processes().map(({ pid }) => pid));
        scene.scratch.cli(['host', 'up']);
      }
      rmSync(folder, { recursive: true });
      recordDeaths('changed boot id: everything dies, then `host up`', seconds, wrong);
      expect({ wrong, done: seconds.length }).toEqual({ wrong: 0, done: each });
    },
    each * 180_000,
  );
});

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
