import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operations } from '../../src/operations/list.ts';
import { pluginTexts } from './plugin-texts.ts';

const texts = pluginTexts();
const commands = texts.filter(({ path }) => path.startsWith('commands/'));
const agents = texts.filter(({ path }) => path.startsWith('agents/'));
const skills = texts.filter(({ path }) => basename(path) === 'SKILL.md');

/** Keys of a command that Claude Code knows; an unknown one is a slip that no client reports. */
const commandSchema = z.strictObject({
  description: z.string().min(20).max(200),
  'argument-hint': z.string().max(80),
  arguments: z.array(z.string().regex(/^[a-z][a-z0-9-]*$/)),
  'allowed-tools': z.array(z.string()),
});

/** What every agent reads of a skill: agentskills.io. */
const skillSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    .max(64),
  description: z
    .string()
    .min(100)
    .max(1024)
    .refine((text) => !/[<>]/.test(text), 'must have no angle brackets'),
  license: z.literal('MIT'),
  metadata: z.record(z.string(), z.string()),
  compatibility: z.string().min(1).max(500),
  'allowed-tools': z.string().transform((list) => list.split(' ')),
});

/** An agent names its tools: one that names none would have all of them. A list, which every version of the client reads. */
const agentSchema = z.strictObject({
  name: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  description: z.string().min(80).max(400),
  tools: z.array(z.string()).min(2),
});

const prefix = 'mcp__plugin_seatrial_deploy__';
const readingTools = operations
  .filter(({ tool, effects }) => tool && effects === 'reads')
  .map(({ name }) => `${prefix}${name}`);

const changes: Record<string, string[]> = {
  'deployment-manager': ['rollout_plan', 'learnings'],
  'incident-commander': ['rollback', 'learnings'],
  implementer: ['rollout_start', 'rollout_control'],
};

describe('front matter', () => {
  it('is there for every command, skill and role', () => {
    const names = (some: typeof texts): string[] => some.map(({ path }) => basename(path, '.md'));
    expect(names(commands)).toEqual([
      'flow-deploy-to-production',
      'gate-check',
      'phase-2-ship',
      'phase-8-deploy',
      'post-deployment-review',
      'release-notes',
      'rollback',
    ]);
    expect(skills.map(({ path }) => basename(dirname(path)))).toEqual([
      'post-deployment-review',
      'production-deployment-phase',
      'rollback-and-incident',
    ]);
    expect(names(agents)).toEqual([
      'deployment-manager',
      'implementer',
      'incident-commander',
      'operations-lead',
      'qa-engineer',
      'release-manager',
      'reliability-engineer',
    ]);
  });

  it.each(agents.map((text) => [text.path, text] as const))(
    'of %s names the least tools, none that approves',
    (path, text) => {
      const data = agentSchema.parse(text.data);
      expect(data.name).toBe(basename(path, '.md'));
      const own = data.tools.filter((tool) => tool.startsWith(prefix)).map((tool) => tool.slice(prefix.length));
      expect(data.tools.filter((tool) => !tool.startsWith(prefix) && !['Read', 'Grep', 'Glob'].includes(tool))).toEqual(
        [],
      );
      // Whoever talks with the person has them asked, and nobody else.
      expect(own).not.toContain('rollout_approve');
      // What changes something is in one pair of hands each.
      const changing = own.filter((tool) => !readingTools.includes(`${prefix}${tool}`));
      expect(changing.sort()).toEqual((changes[data.name] ?? []).sort());
      expect(own.filter((tool) => !text.body.includes(`\`${tool}`))).toEqual([]);
      expect(text.body).toMatch(/\*\*You decide\*\*/);
      expect(text.body).toMatch(/\*\*You never\*\*: .*approve/);
    },
  );

  it.each(commands.map((text) => [text.path, text] as const))(
    'of %s is valid and grants only tools that read',
    (_path, text) => {
      const data = commandSchema.parse(text.data);
      expect(data['allowed-tools'].filter((tool) => !readingTools.includes(tool))).toEqual([]);
      expect(
        data.arguments.map((name) => data['argument-hint'].includes(name === 'options' ? '--' : name)),
      ).not.toContain(false);
    },
  );

  it.each(skills.map((text) => [text.path, text] as const))(
    'of %s is valid, portable, and grants only tools that read',
    (path, text) => {
      const data = skillSchema.parse(text.data);
      expect(data.name).toBe(basename(dirname(path)));
      expect(data['allowed-tools'].filter((tool) => !['Read', 'Grep', 'Glob', ...readingTools].includes(tool))).toEqual(
        [],
      );
    },
  );

  it.each(skills.map((text) => [text.path, text] as const))(
    'leaves %s short enough to be loaded whole',
    (_path, text) => {
      expect(text.lines).toBeLessThan(500);
    },
  );

  it('says when the deployment skill is to be used', () => {
    const skill = skills.find(({ path }) => path.includes('production-deployment-phase'));
    const { description } = skillSchema.parse(skill?.data);
    for (const word of [
      'promoting',
      'production',
      'release tag',
      '/phase-2-ship',
      'deploy fails',
      'rollback',
      'alert was missed',
      'after a deploy',
    ])
      expect(description).toContain(word);
  });
});
