import type { DeadManReading } from '../model/dead-man.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { DeadManControl } from '../model/target.ts';
import { within } from '../system/bounded-act.ts';
import type { HostAnswer } from './host/control-protocol.ts';
import { callHost, readHost } from './host/host-client.ts';
import { readHostState } from './host/host-store.ts';
import type { LocalInstances } from './local-instances.ts';

/** The dead-man rollback of a target whose instances a local host looks after: the host holds it. */
export function createHostDeadMan(instances: LocalInstances): DeadManControl {
  const { files } = instances;
  return {
    arm: (order, act) =>
      within(act, 'arm the dead-man', async (bounded) => {
        readingOf(await instances.ensure(bounded));
        const { armed } = readingOf(await instances.call('arm', order, bounded));
        if (armed?.runId === order.runId && armed.fence === order.fence) return;
        throw new DeployError('TARGET_CHANGED', {
          reason: 'the host does not say that it holds the dead-man rollback',
        });
      }),
    renew: async (renewal, signal) => readingOf(await callHost(files, { name: 'renew', body: renewal, signal })),
    disarm: async (order, signal) => {
      // A host that is gone is told by nobody: started again, it finds nobody on the candidate.
      if ((await readHost(files, signal)) !== null) await callHost(files, { name: 'disarm', body: order, signal });
    },
    read: async (signal) => {
      const running = await readHost(files, signal);
      if (running !== null) return running.deadMan ?? null;
      const recorded = (await readHostState(files.state))?.deadMan;
      return recorded === undefined ? null : { armed: recorded.armed, fired: recorded.fired };
    },
  };
}

function readingOf({ deadMan }: HostAnswer): DeadManReading {
  if (deadMan !== undefined) return deadMan;
  throw new DeployError('TARGET_REFUSED', {
    reason: 'the local host that runs is of an older seatrial and cannot take users back by itself',
    remedy: 'Restart it when there is little traffic: `seatrial host down`, then `seatrial host up`.',
  });
}
