import { z } from 'zod';
import { gatesSchema } from './gate.ts';
import { duration, percentagePoints, perSecond, ratio } from './quantity.ts';
import { smokeSchema } from './smoke.ts';
import { strategySchema } from './strategy.ts';
import { argvSchema, revisionSpecSchema, targetSchema } from './target.ts';

const metricsSchema = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('proxy').describe('Requests of users, counted by the embedded proxy') }),
  z.strictObject({
    source: z.literal('prober').describe('Synthetic requests to both revisions at a steady rate, for a service without traffic'),
    path: z.string().startsWith('/').prefault('/'),
    rate: perSecond.describe('Requests per second to each revision').prefault('5/s'),
    timeout: duration.prefault('5s'),
  }),
]);

const slosSchema = z.strictObject({
  errorRate: z.strictObject({ target: ratio }).optional().describe('Largest share of failed requests'),
  availability: z.strictObject({ target: ratio }).optional().describe('Smallest share of good requests'),
  latencyP99: z.strictObject({ target: duration }).optional().describe('99 % of requests are faster'),
});

const triggersSchema = z.strictObject({
  errorRate: z.strictObject({ above: percentagePoints.describe('More than the baseline at the same time').prefault('2pp') }).prefault({}),
  restarts: z.strictObject({ moreThan: z.number().int().min(0).prefault(3), within: duration.prefault('5m') }).prefault({}),
  canaryExits: z
    .union([z.literal(false), z.strictObject({ atLeast: z.number().int().min(1).prefault(2), within: duration.prefault('60s') })])
    .describe('Stricter rule for a canary whose baseline does not crash')
    .prefault({}),
  oom: z.boolean().prefault(true),
  unhealthy: ratio.describe('Largest share of instances that may be unhealthy').prefault('50%'),
  wrongRevision: z.boolean().describe('Abort when an answer names another version').prefault(true),
});

const judgeSchema = z.strictObject({
  alphaRollback: ratio.describe('Chance of rolling back a good release').prefault('1%'),
  alphaPromote: ratio.describe('Chance of calling a bad release safe').prefault('5%'),
  mustPass: z.array(z.enum(['errorRate'])).describe('Metrics that must be proven safe before the weight rises').prefault(['errorRate']),
  sourceGrace: duration.describe('A metrics source silent for this long holds the run').prefault('2m'),
  onInconclusive: z.enum(['hold', 'abort']).describe('When a bake ends without a verdict').prefault('hold'),
});

const approvalSchema = z.strictObject({
  how: z
    .enum(['none', 'client-dialog', 'terminal'])
    .describe('none: nobody is asked. client-dialog: the agent client asks a person. terminal: a person types a code'),
  clients: z
    .array(z.string())
    .describe('MCP clients whose dialog an agent cannot answer; "*" for any. Others must approve in a terminal')
    .prefault(['claude-code']),
  expires: duration.prefault('60m'),
  approvers: z
    .strictObject({
      releaseManager: z.string().optional(),
      securityGatekeeper: z.string().optional(),
      reliabilityEngineer: z.string().optional(),
      changeAdvisoryBoard: z.string().optional(),
    })
    .describe('Who stands for each role; printed in plan and report')
    .prefault({}),
});

export const notifySchema = z.union([
  z.strictObject({ webhook: z.url().describe('Gets JSON with a "text" field, as Slack wants it') }),
  z.strictObject({ command: argvSchema.describe('Gets the JSON on standard input') }),
  z.strictObject({ file: z.string().describe('One JSON line is appended') }),
]);

const freezeSchema = z.strictObject({
  timezone: z.string().describe('IANA name').prefault('UTC'),
  windows: z
    .array(
      z.union([
        z.strictObject({ from: z.iso.datetime({ local: true, offset: true }), to: z.iso.datetime({ local: true, offset: true }), reason: z.string() }),
        z.strictObject({
          days: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1),
          from: z.string().regex(/^\d\d:\d\d$/),
          to: z.string().regex(/^\d\d:\d\d$/),
          reason: z.string(),
        }),
      ]),
    )
    .prefault([]),
});

export const environmentSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('Where users reach the service'),
  target: targetSchema,
  revision: revisionSpecSchema.prefault({}),
  strategy: strategySchema.prefault({ kind: 'canary' }),
  smoke: z.array(smokeSchema).prefault([]),
  metrics: metricsSchema.prefault({ source: 'proxy' }),
  slos: slosSchema.prefault({}),
  triggers: triggersSchema.prefault({}),
  judge: judgeSchema.prefault({}),
  gates: gatesSchema.prefault({}),
  approval: approvalSchema.optional(),
  notify: z.array(notifySchema).describe('Told at start, success, rollback and need of approval').prefault([]),
  freeze: freezeSchema.prefault({}),
  rollback: z
    .strictObject({ document: z.string().optional().describe('The rollback plan'), rehearsed: z.iso.date().optional().describe('A typed date alone is no evidence') })
    .prefault({}),
  migration: z
    .enum(['none', 'expand', 'contract', 'irreversible'])
    .describe('What this release does to stored data; contract and irreversible cannot be rolled back automatically')
    .prefault('none'),
  review: z.enum(['block', 'warn']).describe('What an unacknowledged review of the last run does to the next plan').prefault('block'),
});
export type EnvironmentSpec = z.output<typeof environmentSchema>;

export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format'),
  service: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  environments: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), environmentSchema)
    .refine((environments) => Object.keys(environments).length > 0, 'at least one environment'),
});
export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
