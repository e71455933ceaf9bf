import { z } from 'zod';
import { duration, holdBackPercent, percent, positiveDuration } from './quantity.ts';

const weightStep = z.strictObject({
  weight: percent.describe('Share of users that the candidate gets'),
  bake: duration.describe('Least time of observation at this weight'),
});

const maxBake = positiveDuration.describe('When a bake has no verdict after this time, the run holds').prefault('2h');

/** The default canary goes 5 → 25 → 50 → 100 %, with 10 minutes a step and 30 at the end. */
const strategyKindSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('direct').describe('Start, check, switch at once. For low-risk changes and first deploys'),
    bake: duration.describe('Observation after the switch').prefault('15m'),
    maxBake,
  }),
  z.strictObject({
    kind: z.literal('canary').describe('Raise the weight step by step, with a verdict at each'),
    steps: z
      .array(weightStep)
      .min(1)
      .describe('Weights must rise and end at 100%')
      .prefault([
        { weight: '5%', bake: '10m' },
        { weight: '25%', bake: '10m' },
        { weight: '50%', bake: '10m' },
        { weight: '100%', bake: '30m' },
      ])
      .refine(
        (steps) => steps.every((step, index) => step.weight > (steps[index - 1]?.weight ?? 0)),
        'weights must rise from step to step',
      )
      .refine((steps) => steps.at(-1)?.weight === 100, 'the last weight must be 100%'),
    aaPhase: duration
      .describe(
        'Time in which stable alone is watched before the candidate gets users, so that it is known how its failures scatter. Matters where the source cannot tell clients apart',
      )
      .prefault('0s'),
    holdBack: holdBackPercent
      .describe(
        'Share of users that stays on stable through the last bake, to compare with; 0%: off. Default 5%, and at most half of what the last step adds',
      )
      .optional(),
    maxBake,
  }),
  z.strictObject({
    kind: z.literal('blue-green').describe('Start green beside blue, check it, switch at once, keep blue as standby'),
    bake: duration.describe('Observation after the switch').prefault('15m'),
    standby: duration.describe('How long blue is kept after success').prefault('24h'),
    maxBake,
  }),
  z.strictObject({
    kind: z.literal('rolling').describe('Replace instances batch by batch'),
    batch: z.number().int().positive().describe('Instances replaced at a time').prefault(1),
    auto: z.boolean().describe('true: verdicts decide between batches; false: a person does').prefault(false),
    bake: duration.describe('Observation after each batch').prefault('2m'),
    finalBake: duration.describe('Observation after the last batch').prefault('15m'),
    maxBake,
  }),
]);

export const strategySchema = strategyKindSchema.superRefine((spec, context) => {
  for (const [path, bakeMs] of bakesOf(spec)) {
    if (bakeMs > spec.maxBake)
      context.addIssue({
        code: 'custom',
        path,
        message: 'is longer than maxBake of this strategy; raise maxBake or shorten the bake',
      });
  }
  if (spec.kind !== 'canary') return;
  const lastButOne = spec.steps.at(-2)?.weight ?? 0;
  if (lastButOne >= 100 - holdBackOf(spec))
    context.addIssue({
      code: 'custom',
      path: ['holdBack'],
      message: `leaves the last step no more than the ${lastButOne}% of the step before; hold less back`,
    });
});
export type StrategySpec = z.output<typeof strategySchema>;

const usualHoldBackPercent = 5;

/**
 * Percent of users that stay on stable through the last bake, 0 for none. Pure. The fewer they are the longer it takes to
 * tell an outage that both arms share from a fault of the candidate: 7 of their requests at 50 % errors.
 */
export function holdBackOf({ holdBack, steps }: Pick<CanarySpec, 'holdBack' | 'steps'>): number {
  const added = 100 - (steps.at(-2)?.weight ?? 0);
  return holdBack ?? Math.min(usualHoldBackPercent, added / 2);
}

type CanarySpec = Extract<z.output<typeof strategyKindSchema>, { kind: 'canary' }>;

function bakesOf(spec: z.output<typeof strategyKindSchema>): Array<[Array<string | number>, number]> {
  switch (spec.kind) {
    case 'canary':
      return spec.steps.map((step, index) => [['steps', index, 'bake'], step.bake]);
    case 'rolling':
      return [
        [['bake'], spec.bake],
        [['finalBake'], spec.finalBake],
      ];
    default:
      return [[['bake'], spec.bake]];
  }
}
