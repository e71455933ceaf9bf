import { z } from 'zod';
import { approvalHows } from '../model/approval-level.ts';

const events = z.array(z.number().int());
const moment = z.strictObject({ at: z.iso.datetime().nullable(), text: z.string(), events });
const statement = z.strictObject({ text: z.string(), events });
const time = z.iso.datetime();

/** PASS and BREACH need a verdict; everything else is UNVERIFIED. */
const measureSchema = z.strictObject({
  name: z.enum(['Error Rate', 'Latency (p99)', 'Throughput', 'Availability']),
  unit: z.enum(['ratio', 'ms', 'req/s']),
  /** The stable revision at the same time, unless `note` says otherwise. Null: not measured. */
  baseline: z.number().nullable(),
  /** The shipped revision. Null: not measured. */
  current: z.number().nullable(),
  /** Null: not configured. */
  target: z.number().nullable(),
  /** Of throughput: within 10 % of the baseline. Null for the others, and where no baseline was measured. */
  range: z.strictObject({ from: z.number(), to: z.number() }).nullable(),
  status: z.enum(['PASS', 'BREACH', 'UNVERIFIED']),
  note: z.string(),
  /** Where each figure comes from: the first and the last of the counts that it was added up from, or the plan. */
  cites: z.strictObject({ baseline: events, current: events, target: events }),
  events,
});
export type Measure = z.infer<typeof measureSchema>;

const gateStatus = z.enum(['PASS', 'FAIL', 'UNVERIFIED']);
const gateSchema = z.strictObject({ name: z.string(), status: gateStatus, reason: z.string(), events });
export type GateLine = z.infer<typeof gateSchema>;

const issueSchema = z.strictObject({
  title: z.string(),
  severity: z.enum(['Critical', 'High', 'Medium', 'Low']),
  resolution: z.string(),
  timeToResolveMs: z.number().nullable(),
  /** Between what events it was taken. */
  timeEvents: events,
  events,
});
export type Issue = z.infer<typeof issueSchema>;

const smokeCategorySchema = z.strictObject({
  name: z.string(),
  passed: z.number().int(),
  total: z.number().int(),
  flaky: z.number().int(),
  /** Rounds in which there were checks of this kind. */
  events,
});

const countsSchema = z.strictObject({ requests: z.number().int(), failures: z.number().int() });

/** The deployment report as data; the Markdown is rendered from this alone. Ratios 0–1, times ISO 8601, durations in ms. */
export const reportSchema = z.strictObject({
  schema: z.literal(1),
  title: z.strictObject({
    project: z.string(),
    service: z.string(),
    environment: z.string(),
    version: z.string(),
    commit: z.string().nullable(),
    from: z.string().nullable(),
    strategy: z.string(),
    kind: z.enum(['rollout', 'rollback', 'rehearsal']),
    date: time,
    status: z.enum(['SUCCESS', 'ROLLBACK', 'FAILED', 'UNVERIFIED', 'ABORTED', 'IN PROGRESS']),
    outcome: z.string().nullable(),
    reason: z.string(),
    runId: z.string(),
    planId: z.string(),
    /** Where `reason` stands. */
    events,
  }),
  verdict: z.strictObject({
    sentence: z.string(),
    verdicts: z.array(z.strictObject({ metric: z.string(), outcome: z.string(), sentence: z.string(), events })),
    events,
  }),
  exposure: z.strictObject({
    measured: z.boolean(),
    canary: countsSchema.nullable(),
    baseline: countsSchema.nullable(),
    failedByRelease: z.number().nullable(),
    cut: z.number().int().nullable(),
    /** Time in which users of the candidate were not counted. */
    uncountedMs: z.number(),
    maxWeightPercent: z.number(),
    weightEvents: events,
    stratum: z.enum(['user', 'probe']),
    events,
  }),
  timeline: z.strictObject({
    start: time,
    end: time.nullable(),
    durationMs: z.number().nullable(),
    milestones: z.array(
      z.strictObject({ name: z.string(), at: time.nullable(), durationMs: z.number().nullable(), events }),
    ),
    log: z.array(moment),
    /** The first and the last of the run. */
    events,
  }),
  strategyDetails: z.strictObject({
    heading: z.string(),
    lines: z.array(z.strictObject({ label: z.string(), text: z.string(), events })),
  }),
  preflight: z.strictObject({
    gates: z.array(gateSchema),
    health: z.array(z.strictObject({ label: z.string(), text: z.string(), events })),
    artifacts: z.strictObject({
      list: z.array(z.string()),
      checksums: z.enum(['YES', 'NO', 'UNVERIFIED']),
      signatures: z.enum(['YES', 'NO', 'UNVERIFIED']),
      events,
    }),
    checks: z.array(z.strictObject({ id: z.string(), title: z.string(), status: z.string(), reason: z.string() })),
    events,
  }),
  /** What was asked for in words, and what became of it; null where nothing was said. */
  guided: z
    .strictObject({
      guidance: z.string().nullable(),
      answers: z.array(
        z.strictObject({ id: z.string(), question: z.string(), answer: z.string(), changes: z.string() }),
      ),
      foci: z.array(z.string()),
      changes: z.array(z.string()),
      checks: z.array(statement),
      reviewers: z.array(statement),
      verdicts: z.array(statement),
    })
    .nullable(),
  smoke: z.strictObject({
    categories: z.array(smokeCategorySchema),
    failures: z.array(statement),
    flaky: z.array(statement),
    rounds: z.array(statement),
    events,
  }),
  slo: z.array(measureSchema),
  /** Seconds in which every counted request failed; null: not measured. */
  downtime: z.strictObject({ seconds: z.number().int().nullable(), events }),
  business: z.array(
    z.strictObject({
      name: z.string(),
      baseline: z.string(),
      current: z.string(),
      change: z.string(),
      events,
    }),
  ),
  issues: z.array(issueSchema),
  rollback: z
    .strictObject({
      trigger: z.enum(['slo-breach', 'smoke-test-failure', 'manual', 'infrastructure', 'execution-failure']),
      firedBy: z.string(),
      reason: z.string(),
      strategy: z.string(),
      detectMs: z.number().nullable(),
      restoreMs: z.number().nullable(),
      durationMs: z.number().nullable(),
      success: z.enum(['YES', 'NO', 'UNVERIFIED']),
      smoke: z.enum(['PASS', 'FAIL', 'UNVERIFIED']),
      /** Where each of the figures comes from. */
      cites: z.strictObject({ trigger: events, detect: events, restore: events, duration: events, smoke: events }),
      events,
    })
    .nullable(),
  lessons: z.strictObject({
    wentWell: z.array(statement),
    couldImprove: z.array(statement),
    actions: z.array(statement),
  }),
  runbook: z.array(z.strictObject({ document: z.string(), section: z.string(), wording: z.string() })),
  approvals: z.array(
    z.strictObject({
      scope: z.string(),
      by: z.string(),
      how: z.enum(approvalHows),
      at: time,
      events,
    }),
  ),
  approvalRequired: z.enum(approvalHows),
  /** The level of approval that was really used, in words. */
  approvalUsed: z.string(),
  signOffs: z.array(z.strictObject({ role: z.string(), by: z.string().nullable(), at: time.nullable() })),
  couldNotVerify: z.array(z.strictObject({ what: z.string(), why: z.string(), events })),
  references: z.array(z.strictObject({ name: z.string(), place: z.string() })),
  command: z.string(),
});
export type ReportData = z.infer<typeof reportSchema>;
export type Statement = z.infer<typeof statement>;
