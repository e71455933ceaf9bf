import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRunResources } from '../../src/mcp/run-resources.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Operation, OperationContext } from '../../src/model/operation.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

const context: OperationContext = {
  projectDirectory: '/p',
  caller: { door: 'mcp', name: 't', client: 't', interactive: false },
  clock: createVirtualClock(),
  signal: new AbortController().signal,
  progress: () => {},
};

function operation(name: string, input: z.ZodObject, run: Operation['run']): Operation {
  return { name, title: name, description: name, input, effects: 'reads', tool: true, cli: null, run };
}

const byRun = z.object({ run_id: z.string().optional(), detail: z.enum(['concise', 'full']).default('concise') });
const rows = [{ runId: '01a', environment: 'production', version: '1.4.0', status: 'succeeded', reason: null }];
const working = createRunResources(
  [
    operation('runs', z.object({ limit: z.number().default(20) }), async () => ({ data: { runs: rows }, text: '' })),
    operation('rollout_status', byRun, async (input) => ({ data: null, text: `status ${JSON.stringify(input)}` })),
    operation('deploy_report', byRun, async (input) => ({
      data: null,
      text: `report ${JSON.stringify(input)}\u001b[2J`,
    })),
    operation('learnings', z.object({ action: z.string(), detail: z.string() }), async (input) => ({
      data: null,
      text: `learnings ${JSON.stringify(input)}`,
    })),
  ],
  () => '{"title":"seatrial.yaml"}',
);

describe('runs as resources', () => {
  it('lists every run and its report', async () => {
    expect(await working.list(context)).toEqual([
      { uri: 'seatrial://runs', name: 'runs', mimeType: 'application/json' },
      expect.objectContaining({ uri: 'seatrial://learnings', mimeType: 'text/plain' }),
      expect.objectContaining({ uri: 'seatrial://config-schema', mimeType: 'application/schema+json' }),
      { uri: 'seatrial://runs/01a', name: '1.4.0 to production: succeeded', mimeType: 'text/plain' },
      { uri: 'seatrial://runs/01a/report', name: 'Report: 1.4.0 to production: succeeded', mimeType: 'text/markdown' },
    ]);
  });

  it('reads the list, a run and a report in full', async () => {
    expect(JSON.parse((await working.read('seatrial://runs', context))?.text ?? '')).toEqual({ runs: rows });
    expect(await working.read('seatrial://runs/01a', context)).toEqual({
      mimeType: 'text/plain',
      text: 'status {"run_id":"01a","detail":"full"}',
    });
    expect(await working.read('seatrial://runs/01a/report', context)).toEqual({
      mimeType: 'text/markdown',
      text: 'report {"run_id":"01a","detail":"full"}',
    });
  });

  it('reads learnings by an action that writes nothing, and the schema of the configuration', async () => {
    expect((await working.read('seatrial://learnings', context))?.text).toBe(
      'learnings {"action":"list","detail":"full"}',
    );
    expect((await working.read('seatrial://config-schema', context))?.text).toBe('{"title":"seatrial.yaml"}');
  });

  it.each([
    'seatrial://other',
    'seatrial://runs/',
    'seatrial://runs/../../etc',
    'seatrial://runs/01a/secret',
    'file:///etc/passwd',
  ])('knows no %s', async (uri) => {
    expect(await working.read(uri, context)).toBeNull();
  });

  it('lists no run where nothing is configured, and hides no other error', async () => {
    const failing = (code: 'CONFIG_MISSING' | 'CONFIG_UNREADABLE') =>
      createRunResources(
        [
          operation('runs', z.object({}), async () => {
            throw new DeployError(code);
          }),
        ],
        () => '',
      );
    expect(await failing('CONFIG_MISSING').list(context)).toHaveLength(3);
    await expect(failing('CONFIG_UNREADABLE').list(context)).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' });
  });
});
