import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { DeployError } from '../model/deploy-error.ts';
import type { Operation, OperationContext } from '../model/operation.ts';
import { exampleInput, parseInput } from '../model/operation-input.ts';
import { printable } from '../model/printable.ts';

/**
 * Runs an operation for a model. The answer is text alone: beside `structuredContent` a model would see only the JSON.
 * Throws DeployError.
 */
export async function callTool(
  operation: Operation,
  given: Record<string, unknown>,
  createContext: () => Promise<OperationContext>,
): Promise<CallToolResult> {
  const parsed = parseInput(operation.input, given, quote);
  if (!parsed.ok) throw inputError(operation, parsed);
  const { text } = await operation.run(parsed.value, await createContext());
  return { content: [{ type: 'text', text: printable(text) }] };
}

/** What was wrong and what to do, as a result that a model reads. Pure. */
export function renderError(error: DeployError): CallToolResult {
  const text = `${error.code}: ${error.message}\nDo: ${error.remedy}`;
  return { isError: true, content: [{ type: 'text', text: printable(text) }] };
}

/** Which tool gives the value of a field, for a model that has none or a wrong one. */
const sourceOfField: Readonly<Record<string, string>> = {
  plan_id: 'plan_id is printed by rollout_plan',
  run_id: 'run_id is printed by rollout_start; rollout_status without it shows the latest run',
};

function inputError(operation: Operation, wrong: { mistakes: string[]; fields: string[] }): DeployError {
  const sources = [...new Set(wrong.fields)].flatMap((field) => sourceOfField[field] ?? []);
  const again = `Call ${operation.name} again, such as ${JSON.stringify(exampleInput(operation.input))}.`;
  return new DeployError('INPUT_INVALID', {
    name: operation.name,
    list: wrong.mistakes.map((mistake) => `- ${mistake}`).join('\n'),
    remedy: sources.length === 0 ? again : `${again} (${sources.join('; ')}.)`,
  });
}

function quote(field: string): string {
  return `"${field}"`;
}
