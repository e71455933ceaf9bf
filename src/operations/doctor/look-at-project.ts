import { homedir } from 'node:os';
import { join } from 'node:path';
import { listStops } from '../../journal/emergency-stop.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import type { OperationContext } from '../../model/operation.ts';
import { readTextFile } from '../../system/files.ts';
import { renderStop } from '../freeze/stop-error.ts';
import { openProject, openTrustedProject, type ProjectPlace } from '../project.ts';
import { type Finding, ok } from './finding.ts';

/** Whether the configuration can be read, and may be acted upon. */
export async function lookAtProject(context: OperationContext): Promise<Finding[]> {
  try {
    const { config } = await openProject(context.projectDirectory);
    const names = Object.keys(config.environments).join(', ');
    return [
      ok('project', `${config.service}: seatrial.yaml is valid, environments: ${names}`),
      await lookAtTrust(context),
    ];
  } catch (thrown) {
    const { message, remedy } = toDeployError(thrown);
    return [{ area: 'project', state: 'broken', text: message, remedy }];
  }
}

async function lookAtTrust(context: OperationContext): Promise<Finding> {
  try {
    const { trust } = await openTrustedProject(context);
    if (trust.how === 'ci')
      return ok('trust', `ci mode: configuration of ${trust.base} at ${trust.commit.slice(0, 12)}`);
    const by = trust.how === 'person' ? `${trust.by} at ${new Date(trust.atMs).toISOString()}` : `run ${trust.runId}`;
    return ok('trust', `trusted by ${by}`);
  } catch (thrown) {
    const { code, message, remedy } = toDeployError(thrown);
    return { area: 'trust', state: code === 'NOT_TRUSTED' ? 'attention' : 'broken', text: message, remedy };
  }
}

export async function lookAtStops({ state }: ProjectPlace, nowMs: number): Promise<Finding[]> {
  const stops = await listStops(state, nowMs);
  if (stops.length === 0) return [ok('stops', 'deployments are not stopped')];
  return stops.map((stop) => ({
    area: 'stops',
    state: 'attention',
    text: renderStop(stop),
    remedy: 'When the cause is gone, a person: seatrial thaw',
  }));
}

/** Keys whose signatures count as an approval, where somebody has enrolled any. */
export async function lookAtApprovers(env: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  const xdg = env['XDG_CONFIG_HOME'];
  const folder = xdg?.startsWith('/') ? xdg : join(env['HOME'] || homedir(), '.config');
  const path = join(folder, 'seatrial', 'allowed_signers');
  const text = await readTextFile(path);
  if (text === null) return [ok('approvers', `no approver key is enrolled (${path}); approvals are not forgery-proof`)];
  const keys = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const broken = keys.filter((line) => !/\s(ssh-|sk-ssh-|ecdsa-|sk-ecdsa-)\S+\s+\S+/.test(line));
  if (broken.length > 0)
    return [
      {
        area: 'approvers',
        state: 'broken',
        text: `${path}: ${broken.length} of ${keys.length} lines are no allowed signer`,
        remedy: 'Each line: <principal> namespaces="…" <key type> <key>; see ssh-keygen(1), ALLOWED SIGNERS.',
      },
    ];
  return [ok('approvers', `${keys.length} enrolled in ${path}`)];
}
