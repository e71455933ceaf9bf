import { z } from 'zod';
import { argvSchema } from './argv-schema.ts';
import { byteSize, duration, positiveDuration } from './quantity.ts';
import { projectPath } from './target.ts';

/** Evidence for a question that only the project can answer: a command, a URL or a document. */
export const evidenceSchema = z.union([
  z.strictObject({
    command: argvSchema.describe('Exit code 0 passes; gets SEATRIAL_VERSION and SEATRIAL_COMMIT'),
    timeout: positiveDuration.describe('Longest time to run').prefault('5m'),
  }),
  z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).describe('An answer of 2xx passes'),
      timeout: positiveDuration.describe('Longest time to answer').prefault('10s'),
    })
    .describe('An answer of 2xx passes'),
  z
    .strictObject({
      document: projectPath.describe('A file of the project that exists and is not empty'),
      within: duration.optional().describe('Must have been changed within this time'),
    })
    .describe('The file exists in the project and is not empty'),
]);
export type EvidenceSpec = z.output<typeof evidenceSchema>;

/** One name for each pre-flight question that a project answers by `evidence`. */
export const evidenceGates = {
  tests: 'Tests pass in CI for this commit',
  codeReview: 'The change was reviewed and approved',
  security: 'No High or Critical vulnerabilities',
  performance: 'Performance tests passed',
  integration: 'Integration tests passed, 100 %',
  staging: 'Staging deployed, its smoke tests and SLOs met',
  incidents: 'No active P0 or P1 incident',
  maintenance: 'No maintenance window',
  signatures: 'Artifact and image signatures verified',
  featureFlags: 'Feature flags configured',
  dashboards: 'Monitoring dashboards operational',
  alerts: 'Alerting rules configured, and a test alert fired lately',
  onCall: 'On-call engineer available',
  incidentTeam: 'Incident response team named and on standby',
} as const;
export type EvidenceGate = keyof typeof evidenceGates;

/** In the order in which they are asked. */
export const gateNames: [EvidenceGate, ...EvidenceGate[]] = [
  'tests',
  'codeReview',
  'security',
  'performance',
  'integration',
  'staging',
  'incidents',
  'maintenance',
  'signatures',
  'featureFlags',
  'dashboards',
  'alerts',
  'onCall',
  'incidentTeam',
];

export const gatesSchema = z.strictObject({
  evidence: z
    .partialRecord(z.enum(gateNames), evidenceSchema)
    .describe('What answers each question; a question without one is skipped, and says so')
    .prefault({}),
  allowDirty: z.boolean().describe('Accept uncommitted changes').prefault(false),
  allowFriday: z.boolean().describe('Accept a start on a Friday or on the day before a holiday').prefault(false),
  holidays: z.array(z.iso.date()).describe('Dates, such as "2026-12-25"').prefault([]),
  rehearsedWithin: duration.describe('The rollback must have been rehearsed within this time').prefault('90d'),
  minFreeDisk: byteSize.describe('Where revisions and state lie').prefault('500MiB'),
  require: z
    .array(z.string())
    .describe('Ids of checks that must pass: skipped or unknown stops the plan too')
    .prefault([]),
});
export type GatesSpec = z.output<typeof gatesSchema>;
