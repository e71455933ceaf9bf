import { z } from 'zod';
import { positiveDuration } from './quantity.ts';

/** How long the state folder keeps runs that are over. */
export const retentionSchema = z.strictObject({
  runs: z.number().int().min(1).max(100_000).describe('This many of the newest runs are kept').prefault(200),
  age: positiveDuration.describe('Older runs go').prefault('180d'),
});
export type RetentionSpec = z.output<typeof retentionSchema>;
