import { z } from 'zod';
import { revisionSchema } from './revision.ts';

const id = z.string().min(1);
const weightPercent = z.number().min(0).max(100);
const milliseconds = z.number().int().nonnegative();

/**
 * The closed list of things a plan can ask for. A step names the state wanted afterwards (never a difference),
 * so that doing it twice is the same as doing it once.
 */
export const stepSchema = z.discriminatedUnion('kind', [
  /** `instances` healthy instances of `revision` exist; none of them has users yet. */
  z.strictObject({
    kind: z.literal('provision'),
    id,
    revision: revisionSchema,
    instances: z.number().int().positive(),
  }),
  /** The smoke checks meant for this place are green. */
  z.strictObject({ kind: z.literal('smoke'), id, on: z.enum(['candidate', 'environment']) }),
  /**
   * The candidate gets this share of assignment units, the stable revision the rest. `holdBackPercent` says that the rest
   * only stays behind to be compared with, and follows after the next bake.
   */
  z.strictObject({ kind: z.literal('set_weight'), id, weightPercent, holdBackPercent: weightPercent.optional() }),
  /** `candidateInstances` instances run the candidate and `stableInstances` the stable revision, traffic in proportion. */
  z.strictObject({
    kind: z.literal('replace_batch'),
    id,
    revision: revisionSchema,
    candidateInstances: z.number().int().nonnegative(),
    stableInstances: z.number().int().nonnegative(),
  }),
  /** Watch stable alone, before the candidate has users: how its failures scatter decides how much a proof needs. */
  z.strictObject({ kind: z.literal('observe'), id, durationMs: milliseconds }),
  /** Observe at this weight for at least `minMs`; at `maxMs` without a verdict the run holds. */
  z.strictObject({ kind: z.literal('bake'), id, weightPercent, minMs: milliseconds, maxMs: milliseconds }),
  /** A person lets the run go on. */
  z.strictObject({ kind: z.literal('approve'), id, gate: z.string().min(1) }),
  /** The candidate is the stable revision; the former one stays as standby for `standbyMs` (0: until retired). */
  z.strictObject({ kind: z.literal('promote'), id, revision: revisionSchema, standbyMs: milliseconds }),
  /** `revision` gets no new request and has finished the old ones, or the deadline has passed. */
  z.strictObject({ kind: z.literal('drain'), id, revision: revisionSchema, deadlineMs: milliseconds }),
  /** No instance of `revision` is left. */
  z.strictObject({ kind: z.literal('retire'), id, revision: revisionSchema }),
]);
export type Step = z.infer<typeof stepSchema>;
export type StepKind = Step['kind'];

/** One line for a person. Pure. */
export function renderStep(step: Step): string {
  switch (step.kind) {
    case 'provision':
      return `start ${step.instances} × ${step.revision.version} and wait until healthy`;
    case 'smoke':
      return step.on === 'candidate'
        ? 'smoke tests on the candidate, before it has users'
        : 'smoke tests on the environment';
    case 'set_weight':
      return step.holdBackPercent === undefined
        ? `candidate gets ${step.weightPercent} % of users`
        : `candidate gets ${step.weightPercent} % of users; ${step.holdBackPercent} % stays on stable to compare with until this watch is over`;
    case 'replace_batch':
      return `${step.candidateInstances} of ${step.candidateInstances + step.stableInstances} instances run ${step.revision.version}`;
    case 'observe':
      return `watch stable alone for ${renderMs(step.durationMs)}, to learn how its failures scatter`;
    case 'bake':
      return `watch at ${step.weightPercent} % for ${renderMs(step.minMs)} (at most ${renderMs(step.maxMs)})`;
    case 'approve':
      return `a person lets it go on (${step.gate})`;
    case 'promote':
      return step.standbyMs > 0
        ? `${step.revision.version} becomes stable; the former one stays as standby for ${renderMs(step.standbyMs)}`
        : `${step.revision.version} becomes stable`;
    case 'drain':
      return `let ${step.revision.version} finish its requests (at most ${renderMs(step.deadlineMs)})`;
    case 'retire':
      return `stop the instances of ${step.revision.version}`;
  }
}

/** `90000` → `1m 30s`. Pure. */
export function renderMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const units: ReadonlyArray<readonly [number, string]> = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
  ];
  let rest = ms;
  const parts: string[] = [];
  for (const [size, unit] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  const seconds = Math.round(rest / 100) / 10;
  if (seconds > 0) parts.push(`${seconds}s`);
  return parts.slice(0, 2).join(' ');
}
