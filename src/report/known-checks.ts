import type { CheckResult } from '../model/check.ts';
import type { EvidenceGate } from '../model/config/gate.ts';
import type { RunRecord } from '../model/run-record.ts';

/** Pre-flight questions that report and learnings look for by name. Letters only: `rollback-plan` and `rollbackPlan` are the same. */
const names = {
  rollbackPlan: ['rollbackplan', 'rollbackdocument'],
  rollbackRehearsed: ['rollbackrehearsed', 'rollbackrehearsal', 'rehearsal', 'rehearsed'],
  friday: ['friday', 'fridayorholiday', 'weekday', 'calendar'],
  artifact: ['artifact', 'artifactchecksum'],
  targetHealth: ['targethealth', 'targethealthy', 'targetreachable', 'target'],
  notify: ['notify', 'notification', 'someonetonotify'],
  tests: ['tests'],
  codeReview: ['codereview'],
  security: ['security'],
  performance: ['performance'],
  integration: ['integration'],
  staging: ['staging'],
  incidents: ['incidents'],
  maintenance: ['maintenance'],
  signatures: ['signatures'],
  featureFlags: ['featureflags'],
  dashboards: ['dashboards'],
  alerts: ['alerts'],
  onCall: ['oncall'],
  incidentTeam: ['incidentteam'],
} satisfies Record<EvidenceGate, string[]> & Record<string, string[]>;
export type KnownCheck = keyof typeof names;

/** The pre-flight answer to a known question; null when the record has none. Pure. */
export function findCheck(record: Pick<RunRecord, 'preflight'>, name: KnownCheck): CheckResult | null {
  const wanted: readonly string[] = names[name];
  return record.preflight?.checks.find((check) => wanted.includes(normalise(check.id))) ?? null;
}

function normalise(id: string): string {
  return id
    .toLowerCase()
    .replace(/^(evidence|gate|preflight)[^a-z]+/, '')
    .replace(/[^a-z]/g, '');
}
