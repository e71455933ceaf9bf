import { type ApprovalHow, approvalLevel } from '../model/approval-level.ts';
import { approveCommand } from '../model/approve-command.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Approval, Plan } from '../model/plan.ts';
import { renderApprovalScreen } from '../report/approval-screen.ts';
import { askProtected } from './ask-protected.ts';
import { leastApproval } from './check-approval.ts';
import { type ApprovalRequest, draftApproval } from './draft-approval.ts';
import { assertDialog, personBehind } from './person.ts';
import { shortCodeOf } from './short-code.ts';

/**
 * An approval by a dialog or by a code typed in a terminal, where that is enough. Throws APPROVAL_NOT_ACCEPTED with what
 * would be.
 */
export async function giveByPerson(
  request: ApprovalRequest,
  given: { code: string | undefined },
  context: OperationContext,
): Promise<Approval> {
  const { place, scope } = request;
  const { caller, clock } = context;
  const least = leastApproval(place, scope);
  const who = { by: personBehind(context), client: caller.client, nowMs: clock.now() };
  if (least === 'none') return draftApproval(request, { ...who, how: 'none' });
  assertWayIsEnough(request, context);
  if (caller.door === 'mcp') {
    assertDialog(place.approval, caller.client, commandFor(request));
    return draftApproval(request, { ...who, how: 'client-dialog' });
  }
  const draft = draftApproval(request, { ...who, how: 'terminal' });
  const code = given.code ?? (await askForCode(request, draft, context));
  if (code.trim().toUpperCase() !== codeOf(request))
    throw notAccepted(
      'the code that was typed is not the code of this plan.',
      `Read what you approve, then: ${commandFor(request)}`,
    );
  return draft;
}

/** An approval that a protected environment gives. Throws APPROVAL_NOT_ACCEPTED. */
export async function giveByProtected(request: ApprovalRequest, context: OperationContext): Promise<Approval> {
  const { place, plan, scope } = request;
  const answer = await askProtected(place, plan, scope);
  if (!answer.ok)
    throw notAccepted(
      `${answer.reason}.`,
      'Approve this commit in the protected environment, and run this where its proof can be had; docs/threat-model.md, "Level 4".',
    );
  const who = { by: answer.proof.by, how: 'protected' as const, client: null, nowMs: context.clock.now() };
  return { ...draftApproval(request, who), proof: answer.proof };
}

export function notAccepted(reason: string, remedy: string): DeployError {
  return new DeployError('APPROVAL_NOT_ACCEPTED', { reason, remedy });
}

/** What a person types to give what is asked for. */
export function commandFor({ place, plan, scope, runId }: ApprovalRequest): string {
  return approveCommand({
    how: leastApproval(place, scope),
    planId: plan.planId.slice(0, 12),
    scope,
    ...(runId === null ? {} : { runId }),
  });
}

const wants: Record<ApprovalHow, string> = {
  none: '',
  'client-dialog': 'a person',
  terminal: 'a person at a terminal',
  signature: 'the signature of an enrolled approver; a dialog or a typed code can be forged and does not count',
  protected: 'the approval of a protected environment; nothing that is given on this machine counts',
};

function assertWayIsEnough(request: ApprovalRequest, { caller }: OperationContext): void {
  const least = leastApproval(request.place, request.scope);
  const way: ApprovalHow = caller.door === 'mcp' ? 'client-dialog' : 'terminal';
  if (approvalLevel(way) < approvalLevel(least))
    throw notAccepted(
      `this needs ${wants[least]}.`,
      `${caller.door === 'mcp' ? 'Ask the person to run' : 'Run'} in a terminal: ${commandFor(request)}`,
    );
  if (caller.door === 'cli' && !caller.interactive)
    throw notAccepted(
      'no person is at this terminal.',
      `A person runs it in a terminal of their own: ${commandFor(request)}`,
    );
}

async function askForCode(request: ApprovalRequest, draft: Approval, { person }: OperationContext): Promise<string> {
  if (person === undefined)
    throw notAccepted('the code was not typed.', `Read what you approve, then: ${commandFor(request)}`);
  person.show(renderApprovalScreen({ plan: request.plan, approval: draft }));
  const typed = await person.ask(`To approve exactly this, type ${codeOf(request)}; anything else stops: `);
  if (typed === null) throw new DeployError('CANCELLED', { what: 'The approval' });
  return typed;
}

/** A plan has its own code; for a run it is the end of its id, which every status shows. */
function codeOf({ plan, runId }: { plan: Plan; runId: string | null }): string {
  return runId === null ? shortCodeOf(plan.planId) : runId.slice(-6).toUpperCase();
}
