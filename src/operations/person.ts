import type { ApprovalRule } from '../config/approval-rule.ts';
import { approvalLevel } from '../model/approval-level.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';

/** Whose yes it is, in the words of record and report. A client tells its own name, never that of the person before it. */
export function personBehind({ caller }: OperationContext): string {
  return caller.door === 'mcp' ? `a person, asked by ${caller.name}` : caller.name;
}

/** That the client asks a person before the tool runs. Throws APPROVAL_NOT_ACCEPTED where that is not known. */
export function assertDialog(rule: ApprovalRule, client: string | null, terminal: string): 'client-dialog' {
  if (approvalLevel(rule.how) > approvalLevel('client-dialog'))
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'this environment wants a person at a terminal.',
      remedy: `Ask the person to run: ${terminal}`,
    });
  if (rule.clients.includes('*') || (client !== null && rule.clients.includes(client))) return 'client-dialog';
  throw new DeployError('APPROVAL_NOT_ACCEPTED', {
    reason: `the client "${client ?? 'unknown'}" is not known to ask a person before this tool runs.`,
    remedy: `Ask the person to run in a terminal: ${terminal}. Known clients: ${rule.clients.join(', ')} (approval.clients).`,
  });
}
