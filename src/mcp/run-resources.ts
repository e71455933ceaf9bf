import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation, OperationContext, OperationResult } from '../model/operation.ts';
import { printable } from '../model/printable.ts';
import type { ResourceEntry, ResourceProvider } from './resource.ts';

const runsSchema = z.object({
  runs: z.array(z.looseObject({ runId: z.string(), environment: z.string(), version: z.string(), status: z.string() })),
});

/** Runs and their reports as documents, by way of the operations that show them. */
export function createRunResources(operations: readonly Operation[]): ResourceProvider {
  const ask = (
    name: string,
    input: Record<string, unknown>,
    context: OperationContext,
  ): Promise<OperationResult<unknown>> => {
    const operation = operations.find((candidate) => candidate.name === name);
    if (operation === undefined) throw new DeployError('INTERNAL', { reason: `this build has no operation ${name}` });
    return operation.run(operation.input.parse(input), context);
  };
  return {
    templates: [
      {
        uriTemplate: 'seatrial://runs',
        name: 'runs',
        description: 'All runs on this machine, newest first',
        mimeType: 'application/json',
      },
      {
        uriTemplate: 'seatrial://runs/{id}',
        name: 'run',
        description: 'One run: steps, evidence, decisions',
        mimeType: 'text/plain',
      },
      {
        uriTemplate: 'seatrial://runs/{id}/report',
        name: 'report',
        description: 'Report of one run',
        mimeType: 'text/markdown',
      },
    ],
    list: async (context) => [listEntry, ...(await listRuns(() => ask('runs', {}, context)))],
    read: async (uri, context) => {
      if (uri === listEntry.uri)
        return { mimeType: 'application/json', text: JSON.stringify((await ask('runs', {}, context)).data) };
      const [, runId, report] = /^seatrial:\/\/runs\/([0-9A-Za-z]{1,64})(\/report)?$/.exec(uri) ?? [];
      if (runId === undefined) return null;
      const name = report === undefined ? 'rollout_status' : 'deploy_report';
      const { text } = await ask(name, { run_id: runId, detail: 'full' }, context);
      return { mimeType: report === undefined ? 'text/plain' : 'text/markdown', text: printable(text) };
    },
  };
}

const listEntry: ResourceEntry = { uri: 'seatrial://runs', name: 'runs', mimeType: 'application/json' };

/** Clients list resources at their start; a project that has no config yet is no error there. */
async function listRuns(askRuns: () => Promise<OperationResult<unknown>>): Promise<ResourceEntry[]> {
  const answer = await askRuns().catch((thrown: unknown) => {
    if (thrown instanceof DeployError && thrown.code === 'CONFIG_MISSING') return null;
    throw thrown;
  });
  if (answer === null) return [];
  return runsSchema.parse(answer.data).runs.flatMap(({ runId, environment, version, status }) => {
    const name = `${version} to ${environment}: ${status}`;
    return [
      { uri: `seatrial://runs/${runId}`, name, mimeType: 'text/plain' },
      { uri: `seatrial://runs/${runId}/report`, name: `Report: ${name}`, mimeType: 'text/markdown' },
    ];
  });
}
