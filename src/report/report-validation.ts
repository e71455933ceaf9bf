import type { CheckResult } from '../model/check.ts';
import type { Approval } from '../model/plan.ts';
import type { RunRecord } from '../model/run-record.ts';
import { formatTime } from './format.ts';
import { assessGate, namedGates } from './gate-answer.ts';
import { findCheck } from './known-checks.ts';
import { firstSeq, stepEvents } from './record-events.ts';
import type { GateLine, ReportData } from './report-schema.ts';

/** What was known before the first change. Pure. */
export function buildPreflight(record: RunRecord): ReportData['preflight'] {
  const events = firstSeq(record, 'preflight_completed');
  const checks = record.preflight?.checks ?? [];
  return {
    gates: [
      gate(record, 'Security Gate', namedGates.security),
      gate(record, 'Reliability Gate', namedGates.reliability),
      gate(record, 'Test Gate', namedGates.test),
      approvalGate(record),
      ...record.overrides.map(overriddenGate),
    ],
    health: buildHealth(record),
    artifacts: buildArtifacts(record, events),
    checks: checks.map(({ id, title, status, reason }) => ({
      id,
      title,
      status,
      reason: withOverride(record, id, reason),
    })),
    events,
  };
}

/** A gate that people overrode says so wherever its answer stands. */
function withOverride({ overrides }: RunRecord, id: string, reason: string): string {
  const override = overrides.find(({ gate }) => gate === id);
  return override === undefined ? reason : `${reason}; OVERRIDDEN by ${override.by}, because: ${override.reason}`;
}

/** Approvals as they were given; the strongest word for each is its own level. Pure. */
export function buildApprovals(record: RunRecord): Pick<ReportData, 'approvals' | 'approvalRequired' | 'approvalUsed'> {
  const events = record.events.filter((event) => event.type === 'approval_consumed').map((event) => event.seq);
  return {
    approvals: record.approvals.map((approval, index) => ({
      scope: approval.scope,
      by: approval.by,
      how: approval.how,
      at: formatTime(approval.givenAtMs),
      events: events.slice(index, index + 1),
    })),
    approvalRequired: record.plan.approval,
    approvalUsed: describeApprovals(record),
  };
}

/** The approval that started the run; null when nobody was asked. */
export function startApproval(record: RunRecord): Approval | null {
  return record.approvals.find((approval) => approval.scope === 'start' && approval.how !== 'none') ?? null;
}

function describeApprovals(record: RunRecord): string {
  const given = record.approvals.filter(({ scope, how }) => scope === 'start' && how !== 'none');
  return given.length === 0 ? 'none: nobody was asked' : given.map(describeApproval).join('; ');
}

function describeApproval(approval: Approval): string {
  const levels = {
    none: 'none: nobody was asked',
    'client-dialog': `a dialog of ${approval.client ?? 'the agent client'}, answered as ${approval.by}: not forgery-proof`,
    terminal: `a code typed in a terminal as ${approval.by}: not forgery-proof against an agent that has a shell of the same user`,
    signature: `a signature of ${approval.by} (key ${approval.signature?.fingerprint ?? 'not recorded'}): level 3, nobody without that key could make it`,
    protected: `a protected environment (${approval.proof?.environment ?? 'not recorded'}) that names ${approval.by} for commit ${approval.proof?.commit.slice(0, 12) ?? 'not recorded'}: level 4`,
  };
  return levels[approval.how];
}

function gate(record: RunRecord, name: string, ids: readonly string[]): GateLine {
  return { name, ...assessGate(ids, record.preflight?.checks ?? []), events: firstSeq(record, 'preflight_completed') };
}

function overriddenGate(override: RunRecord['overrides'][number]): GateLine {
  return {
    name: `Overridden gate: ${override.title}`,
    status: 'FAIL',
    reason: `${override.finding}; started all the same by ${override.by}, because: ${override.reason}`,
    events: [override.seq],
  };
}

function approvalGate(record: RunRecord): GateLine {
  const approval = startApproval(record);
  const events = record.events
    .filter((event) => event.type === 'approval_consumed' && event.data.scope === 'start')
    .map(({ seq }) => seq);
  if (approval !== null) return { name: 'Approval Gate', status: 'PASS', reason: describeApprovals(record), events };
  if (record.plan.approval === 'none')
    return { name: 'Approval Gate', status: 'UNVERIFIED', reason: 'this environment asks nobody', events };
  return {
    name: 'Approval Gate',
    status: 'FAIL',
    reason: `${record.plan.approval} was required and no approval is on record`,
    events,
  };
}

function buildHealth(record: RunRecord): ReportData['preflight']['health'] {
  const target = findCheck(record, 'target-healthy');
  const provision = record.steps.find((progress) => progress.phase === 'forward' && progress.step.kind === 'provision');
  const ready = provision?.evidence['ready'];
  const bad = record.instances.filter(
    (event) => event.what === 'exited' || event.what === 'oom' || event.what === 'gave_up',
  );
  return [
    { label: 'Nodes', text: 'not measured', events: [] },
    {
      label: 'Target before the change',
      text: target === null ? 'not measured' : `${target.status}: ${target.reason}`,
      events: target === null ? [] : firstSeq(record, 'preflight_completed'),
    },
    {
      label: 'Pods',
      text: describeInstances(record, typeof ready === 'number' ? ready : null),
      events: [...(provision === undefined ? [] : stepEvents(record, provision)), ...bad.map((event) => event.seq)],
    },
    { label: 'Infrastructure alarms', text: 'not measured', events: [] },
  ];
}

/** Instances of the candidate as its target reported them. */
function describeInstances({ instances, plan }: RunRecord, ready: number | null): string {
  const ended = instances.filter(({ what }) => what === 'exited' || what === 'oom' || what === 'gave_up');
  if (ready === null && instances.length === 0) return 'not measured';
  const failed = new Set(
    ended.filter(({ revisionId }) => revisionId === plan.content.revision.id).map(({ instanceId }) => instanceId),
  );
  const running = ready === null ? 'none seen running' : `${ready} running`;
  return `${running}, ${failed.size} failed (instances of the candidate); ${ended.length} exits or kills of either revision`;
}

function buildArtifacts(record: RunRecord, events: number[]): ReportData['preflight']['artifacts'] {
  const { revision } = record.plan.content;
  return {
    list: [
      ...(revision.commit === null
        ? []
        : [`commit ${revision.commit}${revision.ref === null ? '' : ` (${revision.ref})`}`]),
      ...(revision.artifact === null ? [] : [`${revision.artifact.path} sha256:${revision.artifact.sha256}`]),
    ],
    checksums: yesNo(findCheck(record, 'artifact')),
    signatures: yesNo(findCheck(record, 'signatures')),
    events,
  };
}

function yesNo(check: CheckResult | null): 'YES' | 'NO' | 'UNVERIFIED' {
  if (check?.status === 'passed') return 'YES';
  return check?.status === 'failed' ? 'NO' : 'UNVERIFIED';
}
