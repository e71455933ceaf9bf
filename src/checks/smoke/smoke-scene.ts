import type { SmokeSpec } from '../../model/config/smoke.ts';

/** What one attempt of a smoke check needs beyond its spec. */
export type SmokeScene = {
  /** Where to ask. */
  baseUrl: string;
  /** Version that must answer. */
  version: string;
  projectDirectory: string;
  /** The complete environment of commands; SEATRIAL_URL and SEATRIAL_VERSION are added. */
  environmentEnv: Readonly<Record<string, string>>;
  signal: AbortSignal;
};

export type HttpSmokeSpec = Extract<SmokeSpec, { request: unknown }>;
export type CommandSmokeSpec = Extract<SmokeSpec, { command: string[] }>;
