import { join } from 'node:path';
import { forcedReleases } from '../../journal/forced-release.ts';
import { readLock } from '../../journal/lock.ts';
import type { HostAnswer } from '../../local-host/host/control-protocol.ts';
import { readHost } from '../../local-host/host/host-client.ts';
import { hostFiles } from '../../local-host/host/host-files.ts';
import { readRecordedState } from '../../local-host/recorded-state.ts';
import { fileExists, listDirectory } from '../../system/files.ts';
import { type Finding, ok } from './finding.ts';

/** Locks of every place on this machine, whichever project drives it. */
export async function lookAtLocks(stateRoot: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  // What begins with a dot is what a writer that died has left; the look at the folder tells of it.
  for (const name of (await listDirectory(join(stateRoot, 'locks'))).filter((entry) => !entry.startsWith('.'))) {
    const directory = join(stateRoot, 'locks', name);
    const reading = await readLock(directory);
    for (const forced of await forcedReleases(directory)) {
      const text = `lock ${name}: generation ${forced.generation} (run ${forced.runId}) was opened by ${forced.by} at ${new Date(forced.atMs).toISOString()}: ${forced.reason}`;
      findings.push(ok('locks', text));
    }
    if (reading.state === 'free') continue;
    const { runId, identity, sinceMs } = reading.holder;
    const who = `lock ${name}, generation ${reading.generation}: run ${runId} since ${new Date(sinceMs).toISOString()} (pid ${identity.pid})`;
    if (reading.state === 'held') findings.push(ok('locks', `${who}, alive`));
    else
      findings.push({
        area: 'locks',
        state: 'attention',
        text: `${who} is dead; the next start or the watchdog of that run takes over`,
        remedy: `seatrial status ${runId}; only if its run is lost: seatrial unlock --force --reason "…"`,
      });
  }
  return findings.length > 0 ? findings : [ok('locks', 'nobody holds one')];
}

/** Local hosts of this machine: up or down, and what they look after. */
export async function lookAtHosts(stateRoot: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await listDirectory(join(stateRoot, 'hosts'))) {
    const files = hostFiles(join(stateRoot, 'hosts', name));
    if (!(await fileExists(files.spec))) continue;
    const answer = await readHost(files, AbortSignal.timeout(3000)).catch(() => null);
    const state = answer?.state ?? (await readRecordedState(files));
    const instances = state.revisions.flatMap((placed) => placed.instances);
    const ready = instances.filter((instance) => instance.state === 'ready').length;
    const what = `host ${name}: ${state.revisions.length} revisions, ${ready} of ${instances.length} instances ready`;
    if (answer === null) findings.push(hostDown(what, state.revisions.length > 0));
    else if (ready < instances.length)
      findings.push({
        area: 'hosts',
        state: 'attention',
        text: `${what}, up`,
        remedy: `Read their logs: ${files.logs}`,
      });
    else findings.push(ok('hosts', `${what}, up (pid ${answer.pid})${deadManOf(answer)}`));
  }
  return findings.length > 0
    ? findings
    : [ok('hosts', 'there is none yet; the first ship of a local target starts one')];
}

function hostDown(what: string, serves: boolean): Finding {
  if (!serves) return ok('hosts', `${what}, down and with nothing to serve`);
  return { area: 'hosts', state: 'broken', text: `${what}, but the host is down`, remedy: 'seatrial host up' };
}

/** Hosts of an older program tell nothing of it. */
function deadManOf({ deadMan }: HostAnswer): string {
  if (deadMan === undefined) return '';
  return deadMan.armed === null ? '; dead-man not armed' : `; dead-man armed for run ${deadMan.armed.runId}`;
}
