import { z } from 'zod';
import { argvSchema } from './argv-schema.ts';
import { duration, positiveDuration } from './quantity.ts';
import { headerName } from './target.ts';

const shared = {
  name: z.string().min(1).describe('Printed in the report'),
  category: z
    .enum(['critical-path', 'api', 'database', 'external', 'monitoring'])
    .describe('Counted by it in the report')
    .prefault('api'),
  on: z
    .array(z.enum(['candidate', 'environment']))
    .min(1)
    .describe('candidate: before it has users. environment: at its url, afterwards')
    .prefault(['candidate', 'environment']),
  timeout: positiveDuration.describe('For each attempt').prefault('5s'),
  attempts: z
    .number()
    .int()
    .min(1)
    .max(10)
    .describe('A pass that needed more than one is reported as flaky')
    .prefault(1),
  pause: duration.describe('Between attempts').prefault('500ms'),
};

export const smokeSchema = z.union([
  z.strictObject({
    ...shared,
    request: z.strictObject({
      method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).prefault('GET'),
      path: z.string().startsWith('/'),
      headers: z.record(headerName, z.string()).prefault({}),
      body: z.string().optional(),
    }),
    expect: z
      .strictObject({
        status: z.number().int().min(100).max(599).describe('Of the answer').prefault(200),
        json: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
          .describe('dotted path → value')
          .prefault({}),
        text: z.string().optional().describe('The body contains this'),
        faster: positiveDuration.optional().describe('Longest time to the last byte'),
        header: z
          .record(headerName, z.string())
          .describe('header → exact value; {version} is the version shipped')
          .prefault({}),
      })
      .prefault({}),
  }),
  z.strictObject({
    ...shared,
    command: argvSchema.describe('Exit code 0 passes; gets SEATRIAL_URL and SEATRIAL_VERSION'),
  }),
]);
export type SmokeSpec = z.output<typeof smokeSchema>;
