import { z } from 'zod';
import { completionSchema, reviewSchema } from './after-run.ts';
import { agentSchema } from './agent.ts';
import { approvalRuleSchema } from './approval.ts';
import { argvSchema } from './argv-schema.ts';
import { gatesSchema } from './gate.ts';
import { lockSchema } from './lock.ts';
import { businessSchema, metricsSchema } from './metrics.ts';
import {
  dropFactor,
  errorChance,
  percent,
  percentagePoints,
  perSecond,
  positiveDuration,
  positiveRatio,
  quantile,
  ratio,
  ratioBelowOne,
  riseFactor,
} from './quantity.ts';
import { retentionSchema } from './retention.ts';
import { smokeSchema } from './smoke.ts';
import { strategySchema } from './strategy.ts';
import { projectPath, revisionSpecSchema, targetSchema } from './target.ts';

const period = positiveDuration.describe('Time over which the error budget is counted').prefault('30d');
const slosSchema = z.strictObject({
  errorRate: z.strictObject({ target: positiveRatio, period }).optional().describe('Largest share of failed requests'),
  availability: z
    .strictObject({ target: ratioBelowOne, period })
    .optional()
    .describe('Smallest share of good requests'),
  latencyP99: z.strictObject({ target: positiveDuration, period }).optional().describe('99 % of requests are faster'),
});

const latencyTriggerSchema = z.strictObject({
  quantile: z
    .union([quantile, z.array(quantile).min(1).refine(isWithoutTwins, 'names a quantile twice')])
    .describe('One quantile or a list of them')
    .prefault('p99'),
  above: riseFactor.describe('Slower than the baseline at the same time').prefault('20%'),
});

function isWithoutTwins(names: readonly unknown[]): boolean {
  return new Set(names).size === names.length;
}

const triggersSchema = z.strictObject({
  errorRate: z
    .strictObject({ above: percentagePoints.describe('More than the baseline at the same time').prefault('2pp') })
    .describe('Failed requests')
    .prefault({}),
  latency: z
    .union([z.literal(false), latencyTriggerSchema])
    .describe('Slow requests; false: off')
    .prefault({}),
  throughput: z
    .union([
      z.literal(false),
      z.strictObject({
        below: dropFactor.describe('Fewer good answers per request than the baseline at the same time').prefault('30%'),
      }),
    ])
    .describe('Requests that are not answered well; false: off')
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
    .array(z.string().min(1))
    .refine(isWithoutTwins, 'names a metric twice')
    .describe('Metrics that must be proven safe before the weight rises: errorRate, latencyP99, slo:errorRate, …')
    .prefault(['errorRate']),
  overdispersion: z
    .number({ error: 'expected a factor of at least 1, such as 4' })
    .min(1)
    .max(1000)
    .optional()
    .describe('How many times more failure counts vary than independent failures would; measured when left out'),
  sourceGrace: positiveDuration.describe('A metrics source silent for this long holds the run').prefault('2m'),
  lowTraffic: z
    .strictObject({
      raiseWeight: z
        .union([
          z.literal(false),
          z.strictObject({
            upTo: percent.describe('Largest weight; never more than that of the next step').prefault('25%'),
            blastBudget: z
              .number({ error: 'expected a number of requests, such as 20' })
              .int()
              .min(1)
              .max(1_000_000)
              .describe(
                'Failed requests that the candidate may serve in all, even if it is as bad as is still possible',
              )
              .prefault(20),
          }),
        ])
        .describe('Raises the weight of a bake whose evidence would not come in time; false: off')
        .prefault(false),
      synthetic: z
        .union([
          z.literal(false),
          z.strictObject({
            path: z.string().startsWith('/').describe('What is asked for').prefault('/'),
            rate: perSecond.describe('Requests per second to each revision').prefault('1/s'),
            timeout: positiveDuration.describe('No answer for this long is a failure').prefault('5s'),
            counts: z
              .boolean()
              .describe('true: their proof of the error rate is enough where that of users is lacking')
              .prefault(false),
          }),
        ])
        .describe('Synthetic requests to both revisions beside those of users, judged apart; false: off')
        .prefault(false),
    })
    .describe('When there are too few requests for a verdict; first of all a bake is extended up to maxBake')
    .prefault({}),
  onInconclusive: z
    .enum(['hold', 'ask', 'abort', 'promote'])
    .describe(
      'When a bake ends without a verdict. hold: wait for evidence. ask: a person lets it go on. abort: back to stable. promote: go on without proof while nothing speaks against it',
    )
    .prefault('hold'),
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
    business: businessSchema,
    slos: slosSchema.prefault({}),
    triggers: triggersSchema.prefault({}),
    judge: judgeSchema.prefault({}),
    gates: gatesSchema.prefault({}),
    approval: approvalRuleSchema.optional(),
    notify: z.array(notifySchema).describe('Told at start, success, rollback and need of approval').prefault([]),
    freeze: freezeSchema.prefault({}),
    lock: lockSchema
      .describe('Between machines that drive the same target; without it only this machine is locked')
      .optional(),
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
    review: reviewSchema,
    completion: completionSchema
      .optional()
      .describe('What a run that succeeded completes by itself; without it only `seatrial complete` does'),
  })
  .superRefine(({ business, metrics, judge }, context) => {
    if (metrics.source === 'prober' && judge.lowTraffic.synthetic !== false)
      context.addIssue({
        code: 'custom',
        path: ['judge', 'lowTraffic'],
        message: 'synthetic is not needed: metrics.source prober sends synthetic requests already',
      });

    for (const [index, { name }] of business.entries())
      if (/^(errorRate|availability|throughput|split|latencyP.*)$/.test(name))
        context.addIssue({
          code: 'custom',
          path: ['business', index, 'name'],
          message: 'is the name of a metric that is there already',
        });
  })
  .superRefine(({ target, metrics, revision }, context) => {
    if (target.kind !== 'command') return;
    const add = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    if (metrics.source === 'proxy')
      add(
        ['metrics', 'source'],
        'must be chosen: a command target has no proxy that counts; there is prober, prometheus, json-endpoint, command',
      );
    if (revision.prepare.length > 0)
      add(['revision', 'prepare'], 'is not run for a command target; let its provision or promote do that');
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

const learningsSchema = z.strictObject({
  window: z
    .strictObject({
      runs: z.number().int().min(5).max(1000).describe('At most so many of the last runs').prefault(50),
      within: positiveDuration.describe('None of them older than this before the newest').prefault('180d'),
    })
    .describe('Runs in which pitfalls and metrics are counted')
    .prefault({}),
});

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
  retention: retentionSchema
    .describe('What the state folder keeps of runs that are over, whose review is acknowledged')
    .prefault({}),
  learnings: learningsSchema.describe('What earlier runs teach').prefault({}),
  agent: agentSchema.describe('What the hooks of the agent plugin do').prefault({}),
});
export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
