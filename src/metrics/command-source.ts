import { z } from 'zod';
import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import { allowedEnvironment } from '../system/environment.ts';
import { cleanExcerpt } from '../system/excerpt.ts';
import { runCommand } from '../system/exec.ts';
import type { ArmRevisions } from './arm-revisions.ts';
import { type ArmReading, createBoundarySampler, type Reading } from './boundary-sampler.ts';
import { type JsonValue, parseJson, readLatencyTotals } from './read-json.ts';
import { createSampledSource } from './sampled-source.ts';

export type CommandSourceOptions = {
  argv: readonly string[];
  /** `both`: one call prints both arms; `per-arm`: each call prints one. */
  calls: 'both' | 'per-arm';
  everyMs: number;
  timeoutMs: number;
  settleMs: number;
  /** Variables handed on beside the fixed short list. */
  pass: readonly string[];
  directory: string;
  /** False for a source of events only. */
  countsRequests: boolean;
  latency: boolean;
  events: readonly string[];
  revisions: ArmRevisions;
  clock: Clock;
};

const count = z.number().int().nonnegative();

/**
 * What a command prints of one arm: totals since a start. `since` is any text that changes when the totals begin anew;
 * `latency` maps upper edges in ms ("+Inf" last) to totals up to them.
 */
export const commandArmSchema = z.strictObject({
  requests: count.optional(),
  failures: count.optional(),
  since: z.union([z.string(), z.number()]).optional(),
  latency: z.record(z.string(), count).optional(),
  events: z.record(z.string(), z.strictObject({ events: count, opportunities: count })).optional(),
});

/** What a command prints with `calls: both`; null, or nothing, for an arm of which it knows nothing. */
export const commandOutputSchema = z.strictObject({
  arms: z.strictObject({ baseline: commandArmSchema.nullish(), canary: commandArmSchema.nullish() }),
});

/** Totals printed by a program of the user, run once an interval. */
export function createCommandSource(options: CommandSourceOptions): MetricSource {
  const { everyMs, settleMs, latency, events, clock } = options;
  return createSampledSource({
    kind: 'command',
    clock,
    traits: {
      windowMs: everyMs,
      countedBy: 'completion',
      settleMs,
      latency: latency ? 'coarse' : 'none',
      events,
    },
    sampler: createBoundarySampler({ everyMs, clock, read: createCommandReader(options) }),
  });
}

/** What one call brings; throws an Error when neither arm can be read. */
export function createCommandReader(options: CommandSourceOptions): (signal: AbortSignal) => Promise<Reading> {
  return async (signal) => {
    if (options.calls === 'both') return readBoth(options, await callCommand(options, null, signal));
    const [baseline, canary] = await Promise.all([
      readOne(options, 'baseline', signal),
      readOne(options, 'canary', signal),
    ]);
    const failed = [baseline, canary].find((reading) => reading.status === 'error');
    const heard = [baseline, canary].some((reading) => reading.status === 'read');
    if (failed?.status === 'error' && !heard) throw new Error(failed.reason);
    return { baseline, canary };
  };
}

function readBoth(options: CommandSourceOptions, printed: JsonValue): Reading {
  const parsed = commandOutputSchema.safeParse(printed);
  if (!parsed.success) throw new Error(`the output does not fit: ${firstIssue(parsed.error)}`);
  const { arms } = parsed.data;
  return { baseline: readingOf(options, arms.baseline ?? null), canary: readingOf(options, arms.canary ?? null) };
}

async function readOne(options: CommandSourceOptions, arm: Arm, signal: AbortSignal): Promise<ArmReading> {
  if (options.revisions[arm] === null) return { status: 'no_data', reason: 'there is no revision in this arm' };
  try {
    const parsed = commandArmSchema.nullable().safeParse(await callCommand(options, arm, signal));
    if (!parsed.success) throw new Error(`the output does not fit: ${firstIssue(parsed.error)}`);
    return readingOf(options, parsed.data);
  } catch (thrown) {
    return { status: 'error', reason: thrown instanceof Error ? thrown.message : toDeployError(thrown).message };
  }
}

async function callCommand(options: CommandSourceOptions, arm: Arm | null, signal: AbortSignal): Promise<JsonValue> {
  const values = variablesOf(options.revisions, arm);
  const result = await runCommand({
    argv: arm === null ? options.argv : options.argv.map((word) => filledWord(word, values)),
    cwd: options.directory,
    env: allowedEnvironment({ pass: options.pass, fileText: null, set: values }),
    timeoutMs: options.timeoutMs,
    signal,
  });
  if (!result.ok) {
    const said = cleanExcerpt(result.stderr);
    throw new Error(`the command ended with ${result.how}${said === '' ? '' : `: ${said}`}`);
  }
  return parseJson(result.stdout.trim(), 'the output');
}

/** Only whole words are replaced, so that a version can never become a part of another argument. */
function filledWord(word: string, values: Readonly<Record<string, string>>): string {
  const placeholders: Record<string, string | undefined> = {
    '{{arm}}': values['SEATRIAL_ARM'],
    '{{version}}': values['SEATRIAL_VERSION'],
    '{{revisionId}}': values['SEATRIAL_REVISION'],
  };
  return placeholders[word] ?? word;
}

function variablesOf(revisions: ArmRevisions, arm: Arm | null): Record<string, string> {
  const of = (name: Arm, suffix: string): Record<string, string> => ({
    [`SEATRIAL_${suffix}VERSION`]: revisions[name]?.version ?? '',
    [`SEATRIAL_${suffix}REVISION`]: revisions[name]?.revisionId ?? '',
  });
  return {
    ...of('baseline', 'BASELINE_'),
    ...of('canary', 'CANARY_'),
    ...(arm === null ? {} : { SEATRIAL_ARM: arm, ...of(arm, '') }),
  };
}

function readingOf(options: CommandSourceOptions, printed: z.infer<typeof commandArmSchema> | null): ArmReading {
  if (printed === null) return { status: 'no_data', reason: 'the command knows nothing of this arm' };
  const { requests, failures, since, latency, events } = printed;
  if (options.countsRequests && (requests === undefined || failures === undefined))
    return { status: 'error', reason: 'the output has no requests and failures' };
  if (options.latency && latency === undefined) return { status: 'error', reason: 'the output has no latency' };
  const missing = options.events.find((name) => events?.[name] === undefined);
  if (missing !== undefined) return { status: 'error', reason: `the output has no events.${missing}` };
  return {
    status: 'read',
    epoch: since === undefined ? null : String(since),
    requests: options.countsRequests ? { since: 'start', samples: requests ?? 0, failures: failures ?? 0 } : null,
    latency: options.latency ? readLatencyTotals(latency) : null,
    events: new Map(
      options.events.map((name) => {
        const share = events?.[name];
        return [name, { since: 'start', samples: share?.opportunities ?? 0, failures: share?.events ?? 0 }];
      }),
    ),
  };
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'not the documented object'}`.trim().slice(0, 200);
}
