import { type ApprovalHow, approvalNotes } from '../model/approval-level.ts';
import type { ApproverRole, ProtectedSpec, SignersSpec } from '../model/config/approval.ts';
import type { EnvironmentSpec } from '../model/config/environment.ts';

export type ApprovalRule = {
  how: ApprovalHow;
  /** MCP clients whose dialog is accepted; `*` for any. */
  clients: string[];
  expiresMs: number;
  /** Who stands for each role, as configured. */
  approvers: Readonly<Record<string, string>>;
  /** Different approvers that must sign. */
  required: number;
  /** Roles that must be among them. */
  roles: readonly ApproverRole[];
  /** Whoever asked for the plan cannot approve it. */
  separation: boolean;
  /** Whose signatures count. */
  signers: SignersSpec;
  /** The command that asks a protected environment; null where none is configured. */
  protected: ProtectedSpec | null;
  from: 'config' | 'default';
  /** What a person should know about it; printed in plan and report. */
  note: string;
};

const developmentNames: readonly string[] = ['development', 'dev', 'local', 'test'];
const stagingNames: readonly string[] = ['staging', 'stage', 'preview', 'qa', 'uat'];
const defaultClients: readonly string[] = ['claude-code'];
const defaultExpiresMs = 3_600_000;

/**
 * The approval that an environment asks for: the configured one, else by its name: nobody in development, a dialog in
 * staging, and everywhere else a signature once an approver's key is enrolled (`enrolled`), until then a dialog. Pure.
 */
export function approvalRule(name: string, spec: Pick<EnvironmentSpec, 'approval'>, enrolled: boolean): ApprovalRule {
  const configured = spec.approval;
  if (configured === undefined) {
    const how = defaultApproval(name, enrolled);
    return {
      how,
      clients: [...defaultClients],
      expiresMs: defaultExpiresMs,
      approvers: {},
      required: 1,
      roles: [],
      separation: false,
      signers: { from: 'user' },
      protected: null,
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
    required: configured.required,
    roles: configured.roles,
    separation: configured.separation,
    signers: configured.signers ?? { from: 'user' },
    protected: configured.protected ?? null,
    from: 'config',
    note: noteOf(configured.how),
  };
}

/** What an environment of this name asks for when its config says nothing. Pure. */
export function defaultApproval(name: string, enrolled: boolean): ApprovalHow {
  if (developmentNames.includes(name)) return 'none';
  return enrolled && !stagingNames.includes(name) ? 'signature' : 'client-dialog';
}

function noteOf(how: ApprovalHow): string {
  return approvalNotes[how];
}
