import { type ApprovalHow, approvalLevel } from './approval-level.ts';

/** What a person types to approve, in the way that is needed. Pure. */
export function approveCommand(request: {
  how: ApprovalHow;
  /** The plan, or its first digits. */
  planId: string;
  scope: string;
  runId?: string;
}): string {
  const { how, planId, scope, runId } = request;
  const [kind] = scope.split(':');
  const what =
    kind === 'promote' || kind === 'review'
      ? `--scope ${kind} --run-id ${runId ?? '<run>'}`
      : scope === 'start'
        ? planId
        : `${planId} --scope ${scope} --reason "…"`;
  return `seatrial approve ${what}${approveFlags(how)}`;
}

/** What `seatrial approve` needs beside its subject, by the way that is wanted. Pure. */
export function approveFlags(how: ApprovalHow): string {
  if (approvalLevel(how) < approvalLevel('signature')) return '';
  return how === 'signature' ? ' --sign --key ~/.ssh/<key>' : ' --protected';
}
