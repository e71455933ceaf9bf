import type { EnvironmentSpec } from '../model/config/environment.ts';
import { isLocal } from '../model/config/target.ts';
import type { Deadlines } from '../rollout/ports.ts';

/** Longest times for the steps of a run, from what the target's own parts may take. Pure. */
export function deadlinesOf({ target, revision }: EnvironmentSpec): Deadlines {
  if (isLocal(target)) {
    const { health, drain, streamDrain, stop, instanceCommands } = target;
    // Commands start within the start-up time too, and what ends an instance may have to be waited for and asked about.
    const startMs = instanceCommands === undefined ? 0 : health.startup + 2 * instanceCommands.timeout;
    const endMs = instanceCommands === undefined ? 0 : 3 * instanceCommands.timeout;
    return {
      provisionMs:
        health.startup + startMs + health.warmup + revision.prepare.length * revision.prepareTimeout + 60_000,
      changeMs: 15_000,
      retireMs: drain + streamDrain + stop + endMs + 15_000,
    };
  }
  const { inspect, provision, set_weight: setWeight, cutover, promote, rollback, drain, retire } = target.commands;
  const longest = (commands: ReadonlyArray<{ timeout: number } | undefined>): number =>
    Math.max(0, ...commands.map((command) => command?.timeout ?? 0));
  // Every change is looked at before and after.
  const lookMs = 2 * (inspect?.timeout ?? 0) + 15_000;
  return {
    provisionMs: longest([provision]) + lookMs,
    changeMs: longest([setWeight, cutover, promote, rollback]) + lookMs,
    retireMs: longest([drain, retire]) + lookMs,
  };
}
