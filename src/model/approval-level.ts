/** How an approval is given, weakest first; the place in the list is its level. */
export const approvalHows = ['none', 'client-dialog', 'terminal', 'signature', 'protected'] as const;
export type ApprovalHow = (typeof approvalHows)[number];

/** 0–4, as safety and threat model number them. Pure. */
export function approvalLevel(how: ApprovalHow): number {
  return approvalHows.indexOf(how);
}

/** What each level is and what it is worth, in the words of plan, screen and `explain`. */
export const approvalNotes: Record<ApprovalHow, string> = {
  none: 'nobody is asked; an agent can ship by itself',
  'client-dialog':
    'a person answers a dialog of the agent client; not forgery-proof: an agent with a shell can go around it',
  terminal: 'a person types a code in a terminal; not forgery-proof: an agent with a shell can imitate a terminal',
  signature:
    'an enrolled approver signs exactly this plan with a touch key or a passphrase; a program without the key cannot make the signature',
  protected: 'another trust domain (a protected environment of CI) says who approved this commit',
};
