import { describe, expect, it } from 'vitest';
import { describeTool, toolOperations } from '../../src/mcp/tool-list.ts';
import { operations } from '../../src/operations/list.ts';

const tools = toolOperations(operations).map(describeTool);

describe('the tools of the product', () => {
  it('fit into 2,500 tokens (bytes / 4)', () => {
    const tokens = Buffer.byteLength(JSON.stringify({ tools })) / 4;
    expect(tokens).toBeLessThanOrEqual(2500);
  });

  it('are at most twelve, with names and descriptions that a model can choose by', () => {
    expect(tools.length).toBeGreaterThanOrEqual(11);
    expect(tools.length).toBeLessThanOrEqual(12);
    expect(new Set(tools.map((tool) => tool.name)).size).toBe(tools.length);
    for (const tool of tools) {
      expect(tool.name).toMatch(/^[a-z_]{3,40}$/);
      expect((tool.description ?? '').length).toBeGreaterThan(40);
    }
  });

  it('take plain objects whose every field says what it is', () => {
    for (const tool of tools) {
      expect(Object.keys(tool.inputSchema).filter((key) => /^(anyOf|oneOf|allOf|\$)/.test(key))).toEqual([]);
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(JSON.stringify(tool.inputSchema)).not.toContain('9007199254740991');
    }
  });

  it('never take a project, a path or an address from a model', () => {
    const fields = tools.flatMap((tool) => Object.keys(tool.inputSchema.properties ?? {}));
    expect(fields.filter((field) => /project|path|directory|url|host/.test(field))).toEqual([]);
  });

  it('have a person answer before anything is approved, and only then', () => {
    const gated = tools.filter((tool) => tool._meta?.['anthropic/requiresUserInteraction'] === true);
    expect(gated.map((tool) => tool.name)).toEqual(['rollout_approve']);
    const reading = tools.filter((tool) => tool.annotations?.readOnlyHint === true).map((tool) => tool.name);
    expect(reading).toEqual(expect.arrayContaining(['preflight', 'rollout_status', 'smoke_test']));
    for (const name of ['rollout_start', 'rollout_control', 'rollback', 'rollout_plan', 'rollout_approve'])
      expect(reading).not.toContain(name);
  });
});
