import { spawn } from 'node:child_process';
import { chmodSync, existsSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Target } from '../../../src/model/target.ts';
import type { ConformancePlace, MoveRequest } from '../../conformance/target/conformance-place.ts';
import { describeTarget } from '../../conformance/target/describe-target.ts';
import { refusalOf } from '../../conformance/target/scene.ts';
import { createGitPlace, type GitPlace, gitCommands } from '../../fixtures/git-place.ts';
import { eventually } from '../../fixtures/http-client.ts';
import { waitGone } from '../../fixtures/pids-below.ts';

const liveSchema = z.object({ commit: z.string(), pid: z.number(), port: z.number() });

describeTarget('command-git', async (): Promise<ConformancePlace> => {
  const place = await createGitPlace();
  const { url, project, settings, remote } = place;
  const instead = (argv: string[]): Target =>
    place.another({ commands: { inspect: gitCommands.inspect, promote: { argv, output: 'text' } } });
  const denied = (argv: string[]) => (to: MoveRequest) =>
    refusalOf(instead(argv).promote({ revision: to.revision, standbyMs: 0 }, place.act({ fence: to.fence })));
  return {
    ...place,
    close: async () => place.close(),
    driver: {
      kind: 'command',
      spec: settings,
      url,
      service: 'tiny',
      projectDirectory: project,
      ownDirectory: place.memoryDirectory,
      hostProgram: null,
    },
    programs: ['platform.mjs'],
    atDrainDeadline: { cut: 0, websocket: 'kept' },
    faults: {
      hang: async () => {
        renameSync(remote, `${remote}.away`);
        return async () => renameSync(`${remote}.away`, remote);
      },
      deaf: async () => ({ target: instead(['true']), close: async () => undefined }),
      denied: async () => {
        const plain = join(remote, 'plain');
        writeFileSync(plain, '#!/bin/sh\nexit 0\n');
        chmodSync(plain, 0o644);
        const refusing = join(remote, 'refusing');
        writeFileSync(refusing, '#!/bin/sh\necho "remote: permission to push denied" >&2\nexit 128\n');
        chmodSync(refusing, 0o755);
        return {
          'a program that is not executable': denied([plain]),
          'a remote that may not be pushed to': denied([refusing]),
        };
      },
      restart: () => restartLive(place),
      meddle: async (to) => {
        place.git('push', '--quiet', '--force', 'live', `${to.commit}:refs/heads/live`);
      },
    },
  };
});

/** As whoever looks after the live server would: the same commit on the same port. */
async function restartLive({ remote, url }: GitPlace): Promise<void> {
  const path = join(remote, 'deployed', 'live.json');
  if (!existsSync(path)) throw new Error('nothing is live');
  const live = liveSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  process.kill(live.pid, 'SIGKILL');
  await waitGone(live.pid);
  const log = openSync(join(remote, 'deployed', `${live.commit}.log`), 'a');
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: join(remote, 'deployed', 'checkouts', live.commit),
    env: { PATH: process.env['PATH'] ?? '', PORT: String(live.port) },
    detached: true,
    stdio: ['ignore', log, log],
  });
  child.unref();
  writeFileSync(path, JSON.stringify({ ...live, pid: child.pid }));
  await eventually(async () => (await fetch(`${url}/health`).catch(() => null))?.ok === true);
}
