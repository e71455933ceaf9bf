import { z } from 'zod';
import { gatesSchema } from './gate.ts';
import {
  durationWithinAnHour,
  errorChance,
  percentagePoints,
  perSecond,
  positiveDuration,
  positiveRatio,
  ratio,
  ratioBelowOne,
} from './quantity.ts';
import { smokeSchema } from './smoke.ts';
import { strategySchema } from './strategy.ts';
import { argvSchema, projectPath, revisionSpecSchema, targetSchema } from './target.ts';

const metricsSchema = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('proxy').describe('Requests of users, counted by the embedded proxy') }),
  z.strictObject({
    source: z
      .literal('prober')
      .describe('Synthetic requests to both revisions at a steady rate, for a service without traffic'),
    path: z.string().startsWith('/').describe('What is asked for').prefault('/'),
    rate: perSecond.describe('Requests per second to each revision').prefault('5/s'),
    timeout: positiveDuration.describe('No answer for this long is a failure').prefault('5s'),
  }),
]);

const slosSchema = z.strictObject({
  errorRate: z.strictObject({ target: positiveRatio }).optional().describe('Largest share of failed requests'),
  availability: z.strictObject({ target: ratioBelowOne }).optional().describe('Smallest share of good requests'),
  latencyP99: z.strictObject({ target: positiveDuration }).optional().describe('99 % of requests are faster'),
});

const triggersSchema = z.strictObject({
  errorRate: z
    .strictObject({ above: percentagePoints.describe('More than the baseline at the same time').prefault('2pp') })
    .prefault({}),
  restarts: z
    .strictObject({
      moreThan: z.number().int().min(0).describe('Restarts of the candidate').prefault(3),
      within: positiveDuration.describe('In this time').prefault('5m'),
    })
    .prefault({}),
  canaryExits: z
    .union([
      z.literal(false),
      z.strictObject({
        atLeast: z.number().int().min(1).describe('Exits of the candidate').prefault(2),
        within: positiveDuration.describe('In this time').prefault('60s'),
      }),
    ])
    .describe('Stricter rule for a canary whose baseline does not crash')
    .prefault({}),
  oom: z.boolean().describe('Abort on a kill for lack of memory').prefault(true),
  unhealthy: ratio.describe('Largest share of instances that may be unhealthy').prefault('50%'),
  wrongRevision: z.boolean().describe('Abort when an answer names another version').prefault(true),
});

const judgeSchema = z.strictObject({
  alphaRollback: errorChance.describe('Chance of rolling back a good release').prefault('1%'),
  alphaPromote: errorChance.describe('Chance of calling a bad release safe').prefault('5%'),
  mustPass: z
    .array(z.enum(['errorRate']))
    .describe('Metrics that must be proven safe before the weight rises')
    .prefault(['errorRate']),
  sourceGrace: positiveDuration.describe('A metrics source silent for this long holds the run').prefault('2m'),
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
  expires: durationWithinAnHour.describe('An approval is worth nothing after this time').prefault('60m'),
  approvers: z
    .strictObject({
      releaseManager: z.string().optional(),
      securityGatekeeper: z.string().optional(),
      reliabilityEngineer: z.string().optional(),
      changeAdvisoryBoard: z.string().optional(),
    })
    .describe('Who stands for each role; printed in the plan')
    .prefault({}),
});

export const notifySchema = z.union([
  z.strictObject({
    webhook: z.url({ protocol: /^https?$/ }).describe('Gets JSON with a "text" field, as Slack wants it'),
  }),
  z.strictObject({ command: argvSchema.describe('Gets the JSON on standard input') }),
  z.strictObject({ file: projectPath.describe('One JSON line is appended') }),
]);

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59, such as "17:30"');
const instant = z.iso.datetime({
  local: true,
  offset: true,
  error: 'must be a date and time, such as "2026-12-24T00:00" (local to freeze.timezone) or "2026-12-24T00:00:00Z"',
});

const freezeSchema = z.strictObject({
  timezone: z
    .string()
    .refine(isTimeZone, 'is not an IANA time zone, such as "Europe/Vienna"')
    .describe('IANA name, for windows and for Fridays')
    .prefault('UTC'),
  windows: z
    .array(
      z.union([
        z
          .strictObject({ from: instant, to: instant, reason: z.string().min(1) })
          .refine(({ from, to }) => from.length !== to.length || from < to, 'must end after it begins'),
        z.strictObject({
          days: z
            .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
            .min(1)
            .describe('Days on which it begins'),
          from: timeOfDay,
          to: timeOfDay.describe('Of the next day when it is not after `from`'),
          reason: z.string().min(1),
        }),
      ]),
    )
    .describe('Nothing is shipped within them')
    .prefault([]),
});

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

export const environmentSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must not carry a user name or password')
      .describe('Where users reach the service'),
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
      .strictObject({
        document: projectPath.optional().describe('The rollback plan'),
        rehearsed: z.iso
          .date('must be a date, such as "2026-11-20"')
          .optional()
          .describe('A typed date alone is no evidence'),
      })
      .prefault({}),
    migration: z
      .enum(['none', 'expand', 'contract', 'irreversible'])
      .describe('What this release does to stored data; contract and irreversible cannot be rolled back automatically')
      .prefault('none'),
    review: z
      .enum(['block', 'warn'])
      .describe('What an unacknowledged review of the last run does to the next plan')
      .prefault('block'),
  })
  .superRefine(({ url, target }, context) => {
    if (target.kind !== 'process' || !/^https:/i.test(url)) return;
    context.addIssue({
      code: 'custom',
      path: ['url'],
      message: 'must be http: the local host serves plain http; put TLS in front of it and give the http address here',
    });
  });
export type EnvironmentSpec = z.output<typeof environmentSchema>;

const simpleName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'must be lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit',
  );

export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of this format'),
  service: simpleName.describe('Name of what is shipped'),
  environments: z
    .record(simpleName, environmentSchema)
    .refine(
      (environments) => Object.keys(environments).length > 0,
      'needs at least one environment, such as production',
    )
    .superRefine((environments, context) => {
      const seen = new Map<string, string>();
      for (const [name, { url }] of Object.entries(environments)) {
        const place = URL.canParse(url) ? new URL(url).host : url;
        const other = seen.get(place);
        if (other === undefined) seen.set(place, name);
        else
          context.addIssue({
            code: 'custom',
            path: [name, 'url'],
            message: `is the address of environment "${other}" too; each environment needs a place of its own`,
          });
      }
    }),
});
export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
