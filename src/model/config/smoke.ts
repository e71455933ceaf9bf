import { z } from 'zod';
import { duration } from './quantity.ts';
import { argvSchema } from './target.ts';

const shared = {
  name: z.string().min(1),
  category: z.enum(['critical-path', 'api', 'database', 'external', 'monitoring']).prefault('api'),
  on: z.array(z.enum(['candidate', 'environment'])).min(1).prefault(['candidate', 'environment']),
  timeout: duration.prefault('5s'),
  attempts: z.number().int().min(1).max(10).describe('A pass that needed more than one is reported as flaky').prefault(1),
  pause: duration.describe('Between attempts').prefault('500ms'),
};

export const smokeSchema = z.union([
  z.strictObject({
    ...shared,
    request: z.strictObject({
      method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).prefault('GET'),
      path: z.string().startsWith('/'),
      headers: z.record(z.string(), z.string()).prefault({}),
      body: z.string().optional(),
    }),
    expect: z
      .strictObject({
        status: z.number().int().min(100).max(599).prefault(200),
        json: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).describe('dotted path → value').prefault({}),
        text: z.string().optional().describe('The body contains this'),
        faster: duration.optional().describe('Longest time to the last byte'),
        header: z.record(z.string(), z.string()).describe('header → exact value; {version} is the version shipped').prefault({}),
      })
      .prefault({}),
  }),
  z.strictObject({
    ...shared,
    command: argvSchema.describe('Exit code 0 passes; gets SEATRIAL_URL and SEATRIAL_VERSION'),
  }),
]);
export type SmokeSpec = z.output<typeof smokeSchema>;
