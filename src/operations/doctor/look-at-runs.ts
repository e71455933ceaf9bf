import { join } from 'node:path';
import { hasReserve } from '../../journal/journal-file.ts';
import { readLock } from '../../journal/lock.ts';
import { loadRun } from '../../journal/replay.ts';
import { listRuns, type RunFolder, runFolder } from '../../journal/state-folder.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { isRemembered } from '../finish-run.ts';
import { openPlace } from '../place.ts';
import { openProjectOfRun, type ProjectPlace } from '../project.ts';
import { pendingReview } from '../project-memory.ts';
import { launchSupervisor, launchWatchdog } from '../start-request.ts';
import { type Finding, ok } from './finding.ts';

/** Older ones are settled or lost; each costs a whole journal to read. */
const mostRuns = 100;

/** Runs that want something: unfinished, without an owner or watchdog, failed on the way back, not remembered, not reviewed. */
export async function lookAtRuns(located: ProjectPlace): Promise<Finding[]> {
  const ids = await listRuns(located.state);
  const findings: Finding[] = [];
  const newest = new Set<string>();
  for (const id of ids.slice(0, mostRuns)) {
    const folder = runFolder(located.state, id);
    try {
      const record = await loadRun(folder.directory);
      if (record === null) continue;
      const { environment } = record.plan.content;
      findings.push(...(await lookAtRun(located, record, { folder, isNewest: !newest.has(environment) })));
      newest.add(environment);
    } catch (thrown) {
      const text = `run ${id}: its journal cannot be read (${toDeployError(thrown).message})`;
      findings.push({
        area: 'runs',
        state: 'broken',
        text,
        remedy: `Keep the folder for examination: ${folder.directory}`,
      });
    }
  }
  for (const environment of newest) findings.push(...(await lookAtReview(located, environment)));
  return findings.length > 0 ? findings : [ok('runs', `${ids.length} recorded, none of them wants anything`)];
}

type Around = { folder: RunFolder; isNewest: boolean };

async function lookAtRun(located: ProjectPlace, record: RunRecord, around: Around): Promise<Finding[]> {
  const { folder, isNewest } = around;
  const name = `run ${record.runId} (${record.plan.content.revision.version} → ${record.plan.content.environment})`;
  if (record.status !== 'ended') return lookAtUnfinished(located, record, { folder, name });
  const project = await openProjectOfRun(located, record.runId);
  const lock = await readLock(openPlace(project, record.plan.content.environment).lockDirectory);
  const closing = lock.state === 'held' && lock.holder.runId === record.runId;
  const findings: Finding[] = [];
  if (record.outcome === 'rollback_failed' && isNewest)
    findings.push({
      area: 'runs',
      state: 'broken',
      text: `${name} ended as rollback_failed: users may still be on the bad revision`,
      remedy: `Try again now: seatrial rollback --env ${record.plan.content.environment} --follow`,
    });
  if (isNewest && !closing && !(await isRemembered(project, record)))
    findings.push({
      area: 'runs',
      state: 'attention',
      text: `${name} is over, but its report and history were not written down`,
      remedy: 'seatrial doctor --repair',
      repair: async () => {
        await launchSupervisor(project, folder, 'resume');
        return `${name}: its closing was started again`;
      },
    });
  return findings;
}

async function lookAtUnfinished(
  located: ProjectPlace,
  record: RunRecord,
  { folder, name }: { folder: RunFolder; name: string },
): Promise<Finding[]> {
  const project = await openProjectOfRun(located, record.runId);
  const lock = await readLock(openPlace(project, record.plan.content.environment).lockDirectory);
  const owned = lock.state === 'held' && lock.holder.runId === record.runId;
  const watched = (await readLock(join(folder.directory, 'watch'))).state === 'held';
  const repair = async (): Promise<string> => {
    await launchWatchdog(located, folder);
    return `${name}: a watchdog was started`;
  };
  const findings: Finding[] = [];
  if (!owned && lock.state === 'held')
    findings.push({
      area: 'runs',
      state: 'attention',
      text: `${name} never ended, and run ${lock.holder.runId} has its place now`,
      remedy: `Read what it did: seatrial logs ${record.runId}`,
    });
  else if (!owned)
    findings.push({
      area: 'runs',
      state: 'broken',
      text: `${name} is ${record.status} and nobody attends to it`,
      remedy: `seatrial status ${record.runId} (wakes its watchdog, which takes users back)`,
      repair,
    });
  else if (!watched)
    findings.push({
      area: 'runs',
      state: 'attention',
      text: `${name} is ${record.status} and has an owner (pid ${lock.holder.identity.pid}), but no watchdog`,
      remedy: 'seatrial doctor --repair',
      repair,
    });
  else
    findings.push(
      ok('runs', `${name} is ${record.status}, attended by pid ${lock.holder.identity.pid} and its watchdog`),
    );
  if (!(await hasReserve(folder.journal)))
    findings.push({
      area: 'disk',
      state: 'attention',
      text: `${name} has used up the reserve of its journal: the disk was full`,
      remedy: 'Make room where the state folder lies.',
    });
  return findings;
}

async function lookAtReview(located: ProjectPlace, environment: string): Promise<Finding[]> {
  const open = await pendingReview(located, environment);
  if (open === null) return [];
  const remedy = `Complete it (seatrial review draft ${open.runId}), then a person: seatrial review acknowledge ${open.runId}`;
  return [
    { area: 'runs', state: 'attention', text: `the review of run ${open.runId} (${environment}) is open`, remedy },
  ];
}
