import type { EvidenceGate } from '../../model/config/gate.ts';

/** An example of what answers each question; shown while nothing is configured. */
export const evidenceLines: Readonly<Record<EvidenceGate, string>> = {
  tests: '{ command: [npm, test] }',
  codeReview: '{ command: [node, ci/reviewed.mjs] }',
  security: '{ command: [npm, audit, --json, --audit-level=high] }',
  performance: '{ document: docs/performance.md, within: 30d }',
  integration: '{ command: [npm, run, test:integration] }',
  staging: '{ url: "https://staging.example.com/health" }',
  incidents: '{ command: [node, ci/no-incident.mjs] }',
  maintenance: '{ command: [node, ci/no-maintenance.mjs] }',
  signatures: '{ command: [node, ci/verify-signatures.mjs] }',
  featureFlags: '{ document: docs/feature-flags.md }',
  dashboards: '{ url: "https://grafana.example.com/api/health" }',
  alerts: '{ command: [node, ci/test-alert-fired.mjs] }',
  onCall: '{ command: [node, ci/on-call.mjs] }',
  incidentTeam: '{ document: docs/incident-team.md, within: 90d }',
};
