import { z } from 'zod';
import { templateSchema } from './argv-template.ts';
import { positiveDuration } from './quantity.ts';

/** What a command of an instance can be given. */
export const instanceValues = [
  'version',
  'revisionId',
  'commit',
  'directory',
  'port',
  'instance',
  'service',
  'environment',
] as const;

/** Digits only, so that they may stand inside other text: `127.0.0.1:{port}:8080`. */
export const instanceNumbers = ['port'] as const;

const template = templateSchema(instanceValues, instanceNumbers);

/** Programs of the user that start, end and look at one instance, where it is no process of ours. */
export const instanceCommandsSchema = z
  .strictObject({
    start: template.describe(
      `Starts one instance and comes back within health.startup; the instance goes on without it. {name} is replaced where it is a whole argument or follows --flag=: ${instanceValues.join(', ')}; {port} also inside other text`,
    ),
    stop: template.describe(
      'Ends one instance and takes away what is left of it, also when it has crashed or was never quite started',
    ),
    status: template
      .optional()
      .describe(
        'Exit code 0: it runs; 75: it cannot say; any other: it is gone. Asked every health.interval; without it health alone says',
      ),
    timeout: positiveDuration.describe('A stop or status that takes longer is ended').prefault('30s'),
  })
  .describe('In place of command: programs of yours that start and stop an instance, such as containers');
export type InstanceCommandsSpec = z.output<typeof instanceCommandsSchema>;

/** An instance is started in one of two ways. */
export function oneWayToStart(
  target: { command?: readonly string[] | undefined; instanceCommands?: InstanceCommandsSpec | undefined },
  context: z.RefinementCtx,
): void {
  if (target.command !== undefined && target.instanceCommands !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['instanceCommands'],
      message: 'there is command too; an instance is started by one of the two, so take one away',
    });
  if (target.command === undefined && target.instanceCommands === undefined)
    context.addIssue({
      code: 'custom',
      path: ['command'],
      message:
        'missing; expected a list that starts one instance, which must listen on 127.0.0.1 and the port in $PORT, or instanceCommands with start and stop in its place',
    });
}
