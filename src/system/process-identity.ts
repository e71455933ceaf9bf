import { DeployError } from '../model/deploy-error.ts';
import { type ProcessIdentity, processIdentitySchema } from '../model/process-identity.ts';
import { runCommand } from './exec.ts';
import { readTextFile } from './files.ts';

export { type ProcessIdentity, processIdentitySchema };

/** Identity of this process. Throws INTERNAL when the system does not tell it. */
export async function currentIdentity(): Promise<ProcessIdentity> {
  const identity = await identityOf(process.pid);
  if (identity === null)
    throw new DeployError('INTERNAL', { reason: 'the system does not tell when this process began' });
  return identity;
}

/** Identity of a living process, or null when there is none (a zombie is none). */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const found = await inspectProcess(pid);
  if (found === null || isDeadState(found.state)) return null;
  return { pid, start: found.start, boot: await bootId() };
}

/** The very same process still runs. A zombie, a reused pid and a process of an earlier boot are dead. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.boot !== (await bootId())) return false;
  const found = await inspectProcess(identity.pid);
  return found !== null && !isDeadState(found.state) && found.start === identity.start;
}

/** Changes with every boot of the machine. */
export async function bootId(): Promise<string> {
  const linux = await readTextFile('/proc/sys/kernel/random/boot_id');
  if (linux !== null) return linux.trim();
  const uuid = await askSystem(['/usr/sbin/sysctl', '-n', 'kern.bootsessionuuid']);
  const told = uuid ?? (await askSystem(['/sbin/sysctl', '-n', 'kern.boottime']));
  if (told === null) throw new DeployError('INTERNAL', { reason: 'the system does not tell when it was booted' });
  return told;
}

/** State letter and start time out of `/proc/<pid>/stat`; null when the text is something else. Pure. */
export function parseProcStat(text: string): { state: string; start: string } | null {
  // Field 2 is the program's name in parentheses and may itself hold parentheses, spaces and line ends.
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd === -1) return null;
  const fields = text
    .slice(nameEnd + 1)
    .trim()
    .split(/\s+/);
  const state = fields[0];
  const start = fields[19];
  if (state === undefined || !/^[A-Za-z]$/.test(state) || start === undefined || !/^\d+$/.test(start)) return null;
  return { state, start };
}

function isDeadState(state: string): boolean {
  return ['Z', 'X', 'x'].includes(state);
}

async function inspectProcess(pid: number): Promise<{ state: string; start: string } | null> {
  const own = await readStat('self');
  return own === null ? inspectByPs(pid) : readStat(String(pid));
}

async function readStat(name: string): Promise<{ state: string; start: string } | null> {
  try {
    const text = await readTextFile(`/proc/${name}/stat`);
    return text === null ? null : parseProcStat(text);
  } catch (thrown) {
    // A process that ends while its file is being read answers ESRCH.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return null;
    throw thrown;
  }
}

async function inspectByPs(pid: number): Promise<{ state: string; start: string } | null> {
  const line = await askSystem(['/bin/ps', '-o', 'stat=,lstart=', '-p', String(pid)]);
  const match = /^(\S)\S*\s+(.+)$/.exec(line ?? '');
  return match?.[1] && match[2] ? { state: match[1], start: match[2] } : null;
}

async function askSystem(argv: string[]): Promise<string | null> {
  const result = await runCommand({ argv, cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC' }, timeoutMs: 5000 });
  const text = result.stdout.trim();
  return result.ok && text !== '' ? text : null;
}
