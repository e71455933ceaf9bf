import { basename, dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operations } from '../../src/operations/list.ts';
import { pluginTexts } from './plugin-texts.ts';

const texts = pluginTexts();
const commands = texts.filter(({ path }) => path.startsWith('commands/'));
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
  compatibility: z.string().min(1).max(500),
  'allowed-tools': z.string().transform((list) => list.split(' ')),
});

const prefix = 'mcp__plugin_seatrial_deploy__';
const readingTools = operations
  .filter(({ tool, effects }) => tool && effects === 'reads')
  .map(({ name }) => `${prefix}${name}`);

describe('front matter', () => {
  it('is there for at least one command and one skill', () => {
    expect(commands.map(({ path }) => path)).toContain('commands/phase-2-ship.md');
    expect(skills.map(({ path }) => path)).toContain('skills/production-deployment-phase/SKILL.md');
  });

  it.each(commands.map((text) => [text.path, text] as const))(
    'of %s is valid and grants only tools that read',
    (_path, text) => {
      const data = commandSchema.parse(text.data);
      expect(data['allowed-tools'].filter((tool) => !readingTools.includes(tool))).toEqual([]);
      expect(data.arguments.map((name) => data['argument-hint'].includes(name))).not.toContain(false);
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
