import type { TargetState } from '../model/target.ts';
import { describeRecord, describeState } from './host/described-state.ts';
import type { HostFiles } from './host/host-files.ts';
import { emptyRoutingState } from './host/host-state.ts';
import { readHostState } from './host/host-store.ts';
import { recordedInstances } from './recorded-instances.ts';

/** What a host that is not running wrote down last, with a look at which instances still live. Starts nothing. Throws FILE_DAMAGED. */
export async function readRecordedState(files: HostFiles): Promise<TargetState> {
  const recorded = await readHostState(files.state);
  if (recorded === null) {
    return describeState(emptyRoutingState('none'), {
      up: false,
      cut: 0,
      seen: () => ({ instances: [], inFlight: 0 }),
    });
  }
  const alive = new Set<string>();
  await Promise.all(
    recordedInstances(recorded, { logs: files.logs, stopMs: 0 }).map(async ({ revisionId, record, runner }) => {
      if (await runner.lives(record)) alive.add(`${revisionId} ${record.id}`);
    }),
  );
  return describeState(recorded.routing, {
    up: false,
    cut: recorded.cut,
    seen: (revisionId) => ({
      instances: (recorded.instances[revisionId] ?? []).map((record) =>
        describeRecord(record, alive.has(`${revisionId} ${record.id}`)),
      ),
      inFlight: 0,
    }),
  });
}
