import { z } from 'zod';
import { argvSchema } from './argv-schema.ts';
import { duration, perSecond, positiveDuration, ratioBelowOne } from './quantity.ts';
import { headerName, variableName } from './target.ts';

/** Exporters whose metric names are known; the names stand in `src/metrics/prometheus-templates.ts`. */
export const prometheusTemplates = ['http', 'nginx-ingress', 'traefik', 'envoy', 'istio', 'haproxy'] as const;

const every = positiveDuration
  .refine((ms) => ms >= 250 && ms <= 600_000, 'must be from 250ms to 10m')
  .describe('Time between two readings, and length of the windows that are judged');
const address = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must not carry a user name or password; use headersFromEnv');
const headersFromEnv = z
  .record(headerName, variableName)
  .describe('Header: variable of the environment that holds its whole value; secrets never stand in this file')
  .prefault({});
const settle = positiveDuration
  .optional()
  .describe('Windows this long after a change of weight say nothing; the request time-out of the target by default');

const placeholder = /\{\{\s*([A-Za-z]+)\s*\}\}/g;
const known = ['version', 'revisionId'];

/** What is wrong with the placeholders of a text that is sent elsewhere; null when nothing is. Pure. */
export function placeholderMistake(text: string): string | null {
  const unknown = [...text.matchAll(placeholder)].find(([, name]) => !known.includes(name ?? ''));
  if (unknown !== undefined) return `${unknown[0]} is not there; there is: {{version}}, {{revisionId}}`;
  return bareText(text).includes('{{') ? 'a placeholder must stand inside quotes' : null;
}

function quoted(what: string) {
  return z
    .string()
    .min(1)
    .superRefine((text, context) => {
      const mistake = placeholderMistake(text);
      if (mistake !== null) context.addIssue({ code: 'custom', message: mistake });
    })
    .describe(what);
}

/** Without what stands inside quotes. */
function bareText(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '');
}

const selector = (what: string) =>
  quoted(what).refine(
    (text) => /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{[^{}]*\})?|\{[^{}]+\})\s*$/.test(bareText(text)),
    'must be a selector of raw series, such as http_requests_total{code=~"5.."}: without rate(), sum() or [5m], because resets are found in the raw counters',
  );
const matchers = quoted('Label matchers').refine(
  (text) => !/[{}]/.test(bareText(text)),
  'must be matchers without braces, such as job="shop",version="{{version}}"',
);
const match = z
  .union([matchers, z.strictObject({ baseline: matchers, canary: matchers })])
  .describe(
    'Added to every selector; tells the two revisions apart by {{version}} or {{revisionId}}, or by matchers of their own',
  );

const prometheusAccess = {
  url: address.describe('Where Prometheus listens, without /api/v1'),
  every: every.prefault('5s').describe('Scrape interval of Prometheus, or a multiple; length of the windows'),
  timeout: positiveDuration.describe('For each question').prefault('3s'),
  headersFromEnv,
  match: match.optional(),
};

const prometheusSchema = z.strictObject({
  source: z.literal('prometheus').describe('Counters that Prometheus has scraped'),
  ...prometheusAccess,
  settle,
  template: z.enum(prometheusTemplates).optional().describe('Metric names of a common exporter'),
  requests: selector('Counter of requests, by any labels').optional(),
  failures: selector('Those of them that failed').optional(),
  latency: z
    .strictObject({
      histogram: selector('Name without _bucket, with matchers'),
      unit: z.enum(['s', 'ms']).describe('Of its edges').prefault('s'),
      native: z.boolean().describe('A native histogram rather than one with le labels').prefault(false),
    })
    .optional()
    .describe('Histogram of request durations'),
  inFlight: selector('Gauge of open requests; then requests are counted when they arrive').optional(),
  events: z
    .record(
      z.string().min(1),
      z.strictObject({
        events: selector('Counter of what is counted'),
        opportunities: selector('Counter of how often it could have come about'),
      }),
    )
    .describe('Counted events by name, such as orders of visits')
    .prefault({}),
});

const path = (what: string) => quoted(`${what} (JMESPath)`);
const samples = path(
  'Requests behind the ratio, in the same time. A ratio alone cannot be judged: 1 of 2 and 500 of 1000 are the same ratio',
);
const ratioPath = path('Ratio 0–1 over the last interval');
const gaugeShare = z.strictObject({
  kind: z.literal('gauge').describe('A ratio over the last interval'),
  ratio: ratioPath,
  samples,
});
const jsonCountsSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('counter').describe('Totals since a start; differences are taken'),
    requests: path('All requests so far'),
    failures: path('Those that failed'),
  }),
  gaugeShare,
]);
const jsonEventsSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('counter').describe('Totals since a start; differences are taken'),
    events: path('How often it came about so far'),
    opportunities: path('How often it could have'),
  }),
  gaugeShare,
]);

const urlTemplate = z
  .string()
  .regex(/^https?:\/\/[^@/]+(\/.*)?$/i, 'must begin with http:// or https:// and carry no user name')
  .refine(
    (text) => !/\{\{(?!\s*(version|revisionId)\s*\}\})/.test(text),
    'has an unknown placeholder; there is: {{version}}, {{revisionId}}',
  )
  .describe('With {{version}} or {{revisionId}} where needed');
const jsonAccess = {
  url: z
    .union([urlTemplate, z.strictObject({ baseline: urlTemplate, canary: urlTemplate })])
    .describe('One address that tells of both revisions, or one for each'),
  every: every.prefault('5s'),
  timeout: positiveDuration.describe('For each question').prefault('2s'),
  headersFromEnv,
  select: z
    .strictObject({
      baseline: path('What is about the stable revision').prefault('@'),
      canary: path('What is about the new one').prefault('@'),
    })
    .describe('Part of the answer that the other expressions look at')
    .prefault({}),
  since: path('Changes when the counters begin anew; without it a counter that falls loses its window').optional(),
};

const jsonEndpointSchema = z.strictObject({
  source: z.literal('json-endpoint').describe('Figures that an address answers with as JSON'),
  ...jsonAccess,
  settle,
  counts: jsonCountsSchema.describe('Requests and failures'),
  latency: path('Map {"<upper edge in ms>": total so far} or list of [edge, total]').optional(),
  events: z.record(z.string().min(1), jsonEventsSchema).describe('Counted events by name').prefault({}),
});

const commandAccess = {
  command: argvSchema.describe(
    'Prints one JSON object. Elements {{version}}, {{revisionId}}, {{arm}} are replaced as a whole when calls is per-arm',
  ),
  calls: z
    .enum(['both', 'per-arm'])
    .describe('both: one call prints {"arms": {"baseline": {…}, "canary": {…}}}; per-arm: each call prints one of them')
    .prefault('both'),
  every: every.prefault('5s'),
  timeout: positiveDuration.describe('A call that takes longer is ended').prefault('2s'),
  pass: z.array(variableName).describe('Variables handed on, beside PATH, HOME, LANG, TZ and SEATRIAL_*').prefault([]),
};

const commandSchema = z.strictObject({
  source: z.literal('command').describe('Totals that a program of yours prints'),
  ...commandAccess,
  settle,
  latency: z.boolean().describe('Its output has latency buckets').prefault(false),
  events: z.array(z.string().min(1)).describe('Names of the events in its output').prefault([]),
});

export const metricsSchema = z
  .discriminatedUnion('source', [
    z.strictObject({ source: z.literal('proxy').describe('Requests of users, counted by the embedded proxy') }),
    z.strictObject({
      source: z
        .literal('prober')
        .describe('Synthetic requests to both revisions at a steady rate, for a service without traffic'),
      path: z.string().startsWith('/').describe('What is asked for').prefault('/'),
      rate: perSecond.describe('Requests per second to each revision').prefault('5/s'),
      timeout: positiveDuration.describe('No answer for this long is a failure').prefault('5s'),
    }),
    prometheusSchema,
    jsonEndpointSchema,
    commandSchema,
  ])
  .superRefine((spec, context) => refuseSameArms(spec, context, []));
/** What asks the same of both arms compares a revision with itself, and would call anything safe. */
function refuseSameArms(spec: unknown, context: z.RefinementCtx, path: Array<string | number>): void {
  const parsed = armAccessSchema.safeParse(spec);
  const mistake = parsed.success ? sameArmsMistake(parsed.data) : null;
  if (mistake !== null)
    context.addIssue({ code: 'custom', path: [...path, ...mistake.path], message: mistake.message });
}

const perArmSchema = z.union([z.string(), z.object({ baseline: z.string(), canary: z.string() })]);
const armAccessSchema = z.object({
  source: z.enum(['prometheus', 'json-endpoint']),
  match: perArmSchema.optional(),
  requests: z.string().optional(),
  events: z.union([z.string(), z.unknown()]).optional(),
  url: perArmSchema,
  select: z.object({ baseline: z.string(), canary: z.string() }).optional(),
});

function sameArmsMistake(spec: z.output<typeof armAccessSchema>): { path: string[]; message: string } | null {
  const remedy =
    'both revisions would be asked the same; tell them apart by {{version}}, {{revisionId}}, or texts of their own';
  const queries = [spec.match, spec.requests, typeof spec.events === 'string' ? spec.events : undefined];
  if (spec.source === 'prometheus') return queries.some(differs) ? null : { path: [], message: `match: ${remedy}` };
  return differs(spec.url) || differs(spec.select) ? null : { path: [], message: `select: ${remedy}` };
}

function differs(text: z.output<typeof perArmSchema> | undefined): boolean {
  if (text === undefined) return false;
  const [baseline, canary] = typeof text === 'string' ? [text, text] : [text.baseline, text.canary];
  return baseline !== canary || /\{\{\s*(version|revisionId)\s*\}\}/.test(baseline);
}

export type MetricsSpec = z.output<typeof metricsSchema>;
export type PrometheusSpec = z.output<typeof prometheusSchema>;
export type JsonEndpointSpec = z.output<typeof jsonEndpointSchema>;
export type CommandSpec = z.output<typeof commandSchema>;

const businessFromSchema = z.discriminatedUnion('source', [
  z.strictObject({
    source: z.literal('prometheus').describe('Two counters in Prometheus'),
    ...prometheusAccess,
    events: selector('Counter of what is counted, such as orders'),
    opportunities: selector('Counter of how often it could have come about, such as visits'),
  }),
  z.strictObject({
    source: z.literal('json-endpoint').describe('Figures that an address answers with as JSON'),
    ...jsonAccess,
    counts: jsonEventsSchema.describe('What is counted, and of how many'),
  }),
  z.strictObject({
    source: z.literal('command').describe('Totals that a program prints, under events.<name>'),
    ...commandAccess,
  }),
]);

/** One business metric: the candidate must reach a share of what the baseline reaches at the same time. */
export const businessMetricSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][A-Za-z0-9-]{0,40}$/, 'must be letters, digits and hyphens, beginning with a small letter')
    .describe('Such as conversion or activity'),
  least: ratioBelowOne
    .refine((value) => value > 0, 'must be above 0%')
    .describe('Of the baseline at the same time: "80%" allows a drop of 20 %')
    .prefault('80%'),
  lag: duration
    .describe(
      'Longest usual time from the opportunity to the event: so long after a change of weight nothing is compared',
    )
    .prefault('5m'),
  from: businessFromSchema
    .superRefine((spec, context) => refuseSameArms(spec, context, []))
    .describe('Where it is counted'),
});
export type BusinessMetricSpec = z.output<typeof businessMetricSchema>;

export const businessSchema = z
  .array(businessMetricSchema)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'names a metric twice')
  .describe('Business metrics, compared between the revisions beside the metrics source')
  .prefault([]);
