import { renameSync } from 'node:fs';
import { callHost } from '../../../src/local-host/host/host-client.ts';
import { hostFiles } from '../../../src/local-host/host/host-files.ts';
import { hostUp } from '../../../src/local-host/host-control.ts';
import type { ConformancePlace } from '../../conformance/target/conformance-place.ts';
import { describeTarget } from '../../conformance/target/describe-target.ts';
import { deafHost } from '../../fixtures/deaf-host.ts';
import { deniedAsNobody } from '../../fixtures/denied-as-nobody.ts';
import { waitGone } from '../../fixtures/pids-below.ts';
import { createProcessPlace } from '../../fixtures/process-place.ts';

describeTarget('process', async (): Promise<ConformancePlace> => {
  const place = await createProcessPlace({
    health: { interval: '100ms', timeout: '500ms', startup: '4s' },
    streamDrain: '8s',
  });
  const files = hostFiles(place.hostDirectory);
  const driver = {
    kind: 'process' as const,
    spec: place.settings,
    url: place.url,
    service: 'tiny',
    projectDirectory: place.project,
    ownDirectory: place.hostDirectory,
    hostProgram: place.programFile,
  };
  return {
    ...place,
    driver,
    programs: [],
    // Upgraded connections have a longer time of their own, until the revision is retired.
    atDrainDeadline: { cut: 1, websocket: 'kept' },
    faults: {
      hang: async () => {
        const pid = await place.hostPid();
        process.kill(pid, 'SIGSTOP');
        return async () => void process.kill(pid, 'SIGCONT');
      },
      deaf: async () => {
        const moved = `${files.controlSocket}.moved`;
        renameSync(files.controlSocket, moved);
        const host = await deafHost({ path: files.controlSocket, behind: moved });
        return {
          target: place.target,
          close: async () => {
            await host.close();
            renameSync(moved, files.controlSocket);
          },
        };
      },
      denied: async () => deniedAsNobody(driver),
      restart: async () => {
        const pid = await place.hostPid();
        process.kill(pid, 'SIGKILL');
        await waitGone(pid);
        await hostUp(place.target, AbortSignal.timeout(20_000));
      },
      meddle: async (to) => {
        const { fence } = await place.target.inspect(AbortSignal.timeout(5000));
        const body = { fence, revisionId: to.id, weightPercent: 100 };
        await callHost(files, { name: 'weight', body });
      },
    },
  };
});
