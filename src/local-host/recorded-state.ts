import type { TargetState } from '../model/target.ts';
import { isAlive } from '../system/process-identity.ts';
import { describeRecord, describeState } from './host/described-state.ts';
import type { HostFiles } from './host/host-files.ts';
import { emptyRoutingState } from './host/host-state.ts';
import { readHostState } from './host/host-store.ts';

/** What a host that is not running wrote down last, with a look at which processes still live. Starts nothing. Throws FILE_DAMAGED. */
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
  for (const [revisionId, records] of Object.entries(recorded.instances)) {
    for (const { id, identity } of records) {
      if (identity !== null && (await isAlive(identity))) alive.add(`${revisionId} ${id}`);
    }
  }
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
