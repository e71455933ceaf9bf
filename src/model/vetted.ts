import { z } from 'zod';
import { DeployError } from './deploy-error.ts';

/**
 * Texts that may become an argument, a part of a path or of a URL. Only these schemas make them: ASCII, bounded, and by
 * their grammar never an option (`-x`), a way out of a folder (`..`), or something that ends a line.
 */
export const gitOidSchema = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
  .brand<'GitOid'>();
export type GitOid = z.infer<typeof gitOidSchema>;

/** A ref or a commit id as git allows it: no `..`, `@{`, `//`, no component that begins with a dot or ends in `.lock`. */
export const gitRefSchema = z
  .string()
  .regex(/^(?!-)(?!.*(?:\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[./]$))[A-Za-z0-9_][A-Za-z0-9_.+/@-]{0,254}$/)
  .brand<'GitRef'>();
export type GitRef = z.infer<typeof gitRefSchema>;

/** A version or revision id: a file name, a part of a URL and a header value at once. */
export const versionSchema = z
  .string()
  .regex(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/)
  .brand<'Version'>();
export type Version = z.infer<typeof versionSchema>;

export const environmentNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .brand<'EnvironmentName'>();
export type EnvironmentName = z.infer<typeof environmentNameSchema>;

export const runIdSchema = z
  .string()
  .regex(/^[0-9a-hjkmnp-tv-z]{26}$/)
  .brand<'RunId'>();
export type RunId = z.infer<typeof runIdSchema>;

export const planIdSchema = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'PlanId'>();
export type PlanId = z.infer<typeof planIdSchema>;

/** A share of users in percent, as programs get it. */
export const weightSchema = z
  .string()
  .regex(/^(?:100|\d{1,2}(?:\.\d{1,6})?)$/)
  .brand<'Weight'>();
export type Weight = z.infer<typeof weightSchema>;

/** What a value that was not written in the config must be before it is an argument: one line, and no option. May be empty. */
export const argumentSchema = z
  .string()
  .max(4096)
  .regex(/^(?!-)[\u0020-\u007e]*$/)
  .brand<'Argument'>();
export type Argument = z.infer<typeof argumentSchema>;

/** The value as `schema` has it. Throws VALUE_REFUSED with `what` it should have been. Pure. */
export function vet<Schema extends z.ZodType>(schema: Schema, what: string, value: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DeployError('VALUE_REFUSED', { what, value: JSON.stringify(value.slice(0, 60)) });
}
