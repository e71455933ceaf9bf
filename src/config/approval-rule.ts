import type { EnvironmentSpec } from '../model/config/environment.ts';

export type ApprovalHow = 'none' | 'client-dialog' | 'terminal';

export type ApprovalRule = {
  how: ApprovalHow;
  /** MCP clients whose dialog is accepted; `*` for any. */
  clients: string[];
  expiresMs: number;
  /** Who stands for each role, as configured. */
  approvers: Readonly<Record<string, string>>;
  from: 'config' | 'default';
  /** What a person should know about it; printed in plan and report. */
  note: string;
};

const developmentNames: readonly string[] = ['development', 'dev', 'local', 'test'];
const defaultClients: readonly string[] = ['claude-code'];
const defaultExpiresMs = 3_600_000;

/**
 * The approval that an environment asks for: the configured one, else by its name: nobody in development, a person
 * everywhere else. Pure.
 */
export function approvalRule(name: string, spec: Pick<EnvironmentSpec, 'approval'>): ApprovalRule {
  const configured = spec.approval;
  if (configured === undefined) {
    const how = defaultApproval(name);
    return {
      how,
      clients: [...defaultClients],
      expiresMs: defaultExpiresMs,
      approvers: {},
      from: 'default',
      note: noteOf(how),
    };
  }
  const approvers = Object.entries(configured.approvers).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    how: configured.how,
    clients: configured.clients,
    expiresMs: configured.expires,
    approvers: Object.fromEntries(approvers),
    from: 'config',
    note: noteOf(configured.how),
  };
}

/** What an environment of this name asks for when its config says nothing. Pure. */
export function defaultApproval(name: string): ApprovalHow {
  return developmentNames.includes(name) ? 'none' : 'client-dialog';
}

function noteOf(how: ApprovalHow): string {
  switch (how) {
    case 'none':
      return 'nobody is asked; an agent can ship by itself';
    case 'client-dialog':
      return 'a person answers a dialog of the agent client; not forgery-proof: an agent with a shell can go around it';
    case 'terminal':
      return 'a person types a code in a terminal; not forgery-proof: an agent with a shell can imitate a terminal';
  }
}
