import { z } from 'zod';
import { loadConfig } from '../../config/load-config.ts';
import { loadEnvironment } from '../../config/load-environment.ts';
import { saveStop } from '../../journal/emergency-stop.ts';
import { listRuns } from '../../journal/state-folder.ts';
import { parseDuration } from '../../model/config/quantity.ts';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import { environmentNameSchema } from '../../model/vetted.ts';
import { defineOperation } from '../define-operation.ts';
import { environmentField } from '../inputs.ts';
import { locateProject, type ProjectPlace } from '../project.ts';
import { renderStop } from './stop-error.ts';

/** Longest time of a stop that ends by itself. */
const longestMs = 366 * 86_400_000;

export const freeze = defineOperation({
  name: 'freeze',
  title: 'Stop all deployments of this project now',
  description:
    'Emergency stop: nothing new is started, runs that go on hold where they are (harm still rolls back; abort and rollback work). Anybody may stop, an agent too; only a person ends it: seatrial thaw.',
  tool: false,
  effects: 'changes',
  input: z.object({
    reason: z.string().min(1).max(500).describe('Why; everybody who is stopped reads it'),
    environment: environmentField.describe('Only this environment; default: all of them'),
    until: z.string().max(40).optional().describe('Ends by itself: a time (2026-12-24T12:00Z) or a duration (2h)'),
  }),
  cli: {
    command: 'freeze',
    positional: ['reason'],
    examples: ['seatrial freeze "payments are down"', 'seatrial freeze "database move" --env production --until 2h'],
  },
  run: async ({ reason, environment, until }, { projectDirectory, caller, clock }) => {
    const { state, directory } = await locateProject(projectDirectory);
    await assertMeant({ directory, state }, environment);
    const now = clock.now();
    const stop = await saveStop(state, {
      environment: environment ?? null,
      reason,
      by: caller.name,
      atMs: now,
      untilMs: until === undefined ? null : parseEnd(until, now),
    });
    return {
      data: stop,
      text: `${renderStop(stop)}\nNothing new is started. A run that goes on holds within a second or two; to take its users back: seatrial rollback. End the stop (a person, in a terminal): seatrial thaw`,
    };
  },
});

/** A stop must not miss its mark by a typing error or a wrong folder; and it must work when seatrial.yaml cannot be read. */
async function assertMeant(
  { directory, state }: Pick<ProjectPlace, 'directory' | 'state'>,
  environment: string | undefined,
): Promise<void> {
  const loaded = await loadConfig(directory).catch(async (thrown: unknown) => {
    if (toDeployError(thrown).code === 'CONFIG_MISSING' && (await listRuns(state)).length === 0) throw thrown;
    return null;
  });
  if (environment === undefined) return;
  if (loaded !== null) loadEnvironment(loaded.config, environment);
  else if (!environmentNameSchema.safeParse(environment).success)
    throw new DeployError('ENVIRONMENT_UNKNOWN', { environment, known: 'seatrial.yaml cannot be read' });
}

function parseEnd(until: string, nowMs: number): number {
  const durationMs = parseDuration(until);
  const zoned = /(Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : Number.NaN;
  const endMs = durationMs === null ? zoned : nowMs + durationMs;
  if (Number.isFinite(endMs) && endMs > nowMs && endMs <= nowMs + longestMs) return endMs;
  throw new DeployError('USAGE', {
    reason: `--until ${JSON.stringify(until)} is not a time to come: write 2h, 30m, or a time with its zone such as 2026-12-24T12:00Z.`,
  });
}
