import { z } from 'zod';

const milliseconds = z.number().int().nonnegative();

/** How a host listens and looks after its instances: `host.json`, written by the driver out of the project's config. */
export const hostSpecSchema = z.strictObject({
  v: z.literal(1),
  service: z.string(),
  environment: z.string(),
  /** Null: users are routed by another program, and instances keep their ports so that it finds them again. */
  listen: z.strictObject({ host: z.string().min(1), port: z.number().int().min(0).max(65_535) }).nullable(),
  health: z.strictObject({
    path: z.string().startsWith('/'),
    intervalMs: milliseconds,
    timeoutMs: milliseconds,
    successes: z.number().int().min(1),
    failures: z.number().int().min(1),
    startupMs: milliseconds,
    warmupMs: milliseconds,
  }),
  stopMs: milliseconds,
  drainMs: milliseconds,
  streamDrainMs: milliseconds,
  requestTimeoutMs: milliseconds,
  restart: z.strictObject({ initialMs: milliseconds, maxMs: milliseconds }),
  cookie: z.string().regex(/^[A-Za-z0-9_-]+$/),
  /** Header of the service itself that names its version, in lower case. */
  versionHeader: z.string().nullable(),
});
export type HostSpec = z.infer<typeof hostSpecSchema>;
