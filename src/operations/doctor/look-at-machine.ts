import { join } from 'node:path';
import { loadRun } from '../../journal/replay.ts';
import { listRuns, runFolder } from '../../journal/state-folder.ts';
import { freeDiskBytes } from '../../system/files.ts';
import { locateProgram, readClockFacts, toolVersion } from '../../system/machine-facts.ts';
import {
  closeToOthers,
  isLeftover,
  isOpenToOthers,
  removeLeftover,
  type TreeEntry,
  walkPrivateTree,
} from '../../system/private-tree.ts';
import type { ProjectPlace } from '../project.ts';
import { type Finding, ok } from './finding.ts';

const mebibyte = 1024 * 1024;
const [fewBytes, tooFewBytes] = [500 * mebibyte, 50 * mebibyte];

export async function lookAtDisk(stateRoot: string): Promise<Finding[]> {
  const free = await freeDiskBytes(stateRoot);
  const text = `${Math.round(free / mebibyte)} MiB free where ${stateRoot} lies`;
  if (free >= fewBytes) return [ok('disk', text)];
  const state = free < tooFewBytes ? 'broken' : 'attention';
  return [
    { area: 'disk', state, text: `${text}; without a journal no forward step is taken`, remedy: 'Make room there.' },
  ];
}

const mostDriftMs = 50;

/** Wall clock against the monotonic one, against sleep since boot, and against the last thing that was written down. */
export async function lookAtClock({ state }: ProjectPlace, nowMs: number): Promise<Finding[]> {
  const { driftMs, watchedMs, sleptMs } = await readClockFacts();
  const slept =
    sleptMs === null || sleptMs < 60_000
      ? ''
      : `; the machine slept ${Math.round(sleptMs / 60_000)} min since its start`;
  const findings: Finding[] = [];
  if (driftMs > mostDriftMs)
    findings.push({
      area: 'clock',
      state: 'attention',
      text: `the wall clock moved by ${Math.round(driftMs)} ms against the monotonic one within ${Math.round(watchedMs)} ms`,
      remedy: 'Let one program set the clock, slowly (chronyd, systemd-timesyncd).',
    });
  const [newest] = await listRuns(state);
  const last = newest === undefined ? null : await loadRun(runFolder(state, newest).directory).catch(() => null);
  const aheadMs = (last?.events.at(-1)?.atMs ?? 0) - nowMs;
  if (aheadMs > 1000)
    findings.push({
      area: 'clock',
      state: 'broken',
      text: `run ${newest} has written ${Math.round(aheadMs / 1000)} s into the future: the wall clock was set back`,
      remedy: 'Correct the clock; plans and approvals expire by it.',
    });
  return findings.length > 0 ? findings : [ok('clock', `wall and monotonic clock agree${slept}`)];
}

export async function lookAtPrograms(cwd: string): Promise<Finding[]> {
  const major = Number(process.versions.node.split('.')[0]);
  const node: Finding =
    major >= 20
      ? ok('programs', `node ${process.versions.node}`)
      : {
          area: 'programs',
          state: 'broken',
          text: `node ${process.versions.node}`,
          remedy: 'Node 20 or newer is needed.',
        };
  const git = await toolVersion(['git', '--version'], cwd);
  const keygen = await locateProgram('ssh-keygen', cwd);
  const ssh = keygen === null ? null : await toolVersion([join(keygen, '..', 'ssh'), '-V'], cwd);
  return [
    node,
    git === null
      ? { area: 'programs', state: 'broken', text: 'git is not there', remedy: 'Install git.' }
      : ok('programs', git),
    keygen === null
      ? {
          area: 'programs',
          state: 'attention',
          text: 'ssh-keygen is not there: signed approvals cannot be made or verified',
          remedy: 'Install OpenSSH (openssh-client).',
        }
      : ok('programs', `ssh-keygen (${ssh ?? keygen})`),
  ];
}

/** A write takes milliseconds. */
const leftoverAfterMs = 10 * 60_000;

/** The state folder belongs to this user alone, and nothing half-written lies in it. */
export async function lookAtFolder(stateRoot: string, nowMs: number): Promise<Finding[]> {
  const entries = await walkPrivateTree(stateRoot);
  const open = entries.filter((entry) => isOpenToOthers(entry) && (entry.isDirectory || /\.jsonl?$/.test(entry.path)));
  const strange = entries.filter(({ own }) => !own);
  const left = entries.filter((entry) => isLeftover(entry, nowMs, leftoverAfterMs));
  return [
    ...strange.slice(0, 5).map(
      ({ path }): Finding => ({
        area: 'folder',
        state: 'broken',
        text: `${path} belongs to another user`,
        remedy: `Find out who put it there, then take it away: rm -r '${path}'`,
      }),
    ),
    ...(open.length === 0 ? [] : [openFolder(open)]),
    ...(left.length === 0 ? [] : [leftovers(left)]),
    ...(strange.length + open.length + left.length === 0
      ? [ok('folder', `${stateRoot} is closed to others, ${entries.length} files and folders`)]
      : []),
  ];
}

function openFolder(open: readonly TreeEntry[]): Finding {
  return {
    area: 'folder',
    state: 'broken',
    text: `${open.length} files or folders are open to other users: ${open[0]?.path} …`,
    remedy: 'seatrial doctor --repair',
    repair: async () => {
      for (const entry of open.filter(({ own }) => own)) await closeToOthers(entry);
      return `${open.length} files or folders were closed to other users`;
    },
  };
}

function leftovers(left: readonly TreeEntry[]): Finding {
  return {
    area: 'folder',
    state: 'attention',
    text: `${left.length} half-written files of writers that died: ${left[0]?.path} …`,
    remedy: 'seatrial doctor --repair',
    repair: async () => {
      for (const entry of left) await removeLeftover(entry);
      return `${left.length} half-written files were removed`;
    },
  };
}
