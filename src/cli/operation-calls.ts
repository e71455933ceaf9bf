import { z } from 'zod';
import { approvalHows } from '../model/approval-level.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation, OperationContext, OperationResult } from '../model/operation.ts';
import { parseInput } from '../model/operation-input.ts';
import { planSchema } from '../model/plan.ts';
import type { RunRecord } from '../model/run-record.ts';
import { flagName } from './command-line.ts';

const plannedSchema = z.object({
  planId: z.string(),
  approval: z.enum(approvalHows),
  shortCode: z.string(),
  plan: planSchema,
});
export type Planned = z.output<typeof plannedSchema>;

const startedSchema = z.object({ runId: z.string() });

const recordSchema = z.object({
  record: z.custom<RunRecord>(
    (value) => typeof value === 'object' && value !== null && 'runId' in value && 'events' in value,
  ),
});

/** The operation of that name. Throws INTERNAL when this build has none. */
export function findOperation(operations: readonly Operation[], name: string): Operation {
  const operation = operations.find((candidate) => candidate.name === name);
  if (operation === undefined) throw new DeployError('INTERNAL', { reason: `this build has no operation ${name}` });
  return operation;
}

/** Runs an operation as a part of a larger command. Throws DeployError; INPUT_INVALID names flags. */
export async function runOperation(
  operation: Operation,
  given: Record<string, unknown>,
  context: OperationContext,
): Promise<OperationResult<unknown>> {
  return operation.run(assertInput(operation, given), context);
}

/** The parsed input. Throws INPUT_INVALID with every mistake, fields named as flags. */
export function assertInput(operation: Operation, given: Record<string, unknown>): Record<string, unknown> {
  const parsed = parseInput(operation.input, given, flagName);
  if (parsed.ok) return parsed.value;
  const list = parsed.mistakes.map((mistake) => `- ${mistake}`).join('\n');
  throw new DeployError('INPUT_INVALID', { name: operation.title, list, remedy: 'See `seatrial --help`.' });
}

export function parsePlanned(data: unknown): Planned {
  return parseData('rollout_plan', plannedSchema, data);
}

export function parseStarted(data: unknown): { runId: string } {
  return parseData('rollout_start', startedSchema, data);
}

export function parseRecord(data: unknown): RunRecord {
  return parseData('rollout_status', recordSchema, data).record;
}

function parseData<T>(name: string, schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new DeployError('INTERNAL', {
    reason: `the answer of ${name} is not as agreed: ${z.prettifyError(parsed.error)}`,
  });
}
