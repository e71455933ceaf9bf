import { instanceLogFile } from './host/host-files.ts';
import type { HostState, InstanceRecord } from './host/host-state.ts';
import { createInstanceRunner } from './host/instance-runner.ts';
import type { InstanceRunner } from './host/running-instance.ts';

export type RecordedInstance = { revisionId: string; record: InstanceRecord; runner: InstanceRunner };

const startupMs = 60_000;
const intervalMs = 1000;

/** What a host that is gone has written of its instances, with the way to find or end each. Starts nothing. */
export function recordedInstances(
  recorded: HostState | null,
  { logs, stopMs }: { logs: string; stopMs: number },
): RecordedInstance[] {
  return (recorded?.routing.placements ?? []).flatMap(({ revision, launch }) =>
    (recorded?.instances[revision.id] ?? []).map((record) => {
      const { id } = record;
      const logFile = instanceLogFile(logs, revision.id, id);
      const times = () => ({ health: { startupMs, intervalMs }, stopMs });
      return {
        revisionId: revision.id,
        record,
        runner: createInstanceRunner({ launch, logFile, revisionId: revision.id, id, times }),
      };
    }),
  );
}
