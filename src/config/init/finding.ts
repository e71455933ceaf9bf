import { z } from 'zod';
import { argvSchema } from '../../model/config/argv-schema.ts';

/** What one file of a project tells about how the service runs. */
export type Finding = { because: string; sure: boolean } & (
  | { key: 'service'; value: string }
  | { key: 'command'; value: string[] }
  | { key: 'port'; value: number }
  | { key: 'instances'; value: number }
  | { key: 'healthPath'; value: string }
  | { key: 'prepare'; value: string[][] }
  | { key: 'tests'; value: string[] }
);

/** What a reader of one kind of file hands back. `notes` are for a person. */
export type Findings = { findings: Finding[]; notes: string[] };

const values = {
  service: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  command: argvSchema,
  port: z.number().int().min(1).max(65_535),
  instances: z.number().int().min(1).max(64),
  healthPath: z
    .string()
    .max(200)
    .regex(/^\/[!-~]*$/),
  prepare: z.array(argvSchema),
  tests: argvSchema,
} satisfies Record<Finding['key'], z.ZodType>;

/** Whether a finding can stand in a config at all; files say all sorts of things. Pure. */
export function isUsable(finding: Finding): boolean {
  return values[finding.key].safeParse(finding.value).success;
}

/** `@acme/Web_Shop` → `web-shop`; null when nothing is left. Pure. */
export function serviceName(text: string): string | null {
  const bare = text
    .slice(0, 200)
    .replace(/^@[^/]*\//, '')
    .toLowerCase();
  const name = bare
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return name === '' ? null : name;
}

/** The path of the first URL of this machine in a health check, such as `curl -f http://localhost:3000/health`. Pure. */
export function healthPathIn(text: string): string | null {
  const match = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::[\w${}:-]+)?(\/[\w./-]*)/.exec(
    text.slice(0, 2000),
  );
  return match?.[1] ?? null;
}
