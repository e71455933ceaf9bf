import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hookEvents } from '../../src/operations/hook/run-hook.ts';
import { root } from './plugin-texts.ts';

/** The form that Claude Code documents for `hooks/hooks.json`; its own validator lets a hook without a command and a bad matcher pass. */
const command = z.strictObject({
  type: z.literal('command'),
  command: z.string().min(1),
  args: z.array(z.string()),
  timeout: z.number().int().min(1).max(60),
});
const group = z.strictObject({ matcher: z.string().min(1).optional(), hooks: z.array(command).min(1) });
const schema = z.strictObject({
  description: z.string().min(20).max(300),
  hooks: z.record(
    z.enum(['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'Stop']),
    z.array(group).min(1),
  ),
});

describe('hooks/hooks.json', () => {
  const { hooks } = schema.parse(JSON.parse(readFileSync(join(root, 'hooks/hooks.json'), 'utf8')));

  it('starts the bundle without a shell, for each event that there is', () => {
    const started = Object.entries(hooks).map(([event, groups]) => {
      const [only] = groups.flatMap((one) => one.hooks);
      expect(groups.flatMap((one) => one.hooks)).toHaveLength(1);
      expect([only?.command, only?.args.length, only?.args[0]]).toEqual([
        'node',
        2,
        `\${CLAUDE_PLUGIN_ROOT}/dist/hook.mjs`,
      ]);
      return [event, only?.args[1]];
    });
    const kebab = (event: string): string => event.replace(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
    expect(started.map(([, argument]) => argument).sort()).toEqual([...hookEvents].sort());
    for (const [event, argument] of started) expect(argument).toBe(kebab(event ?? ''));
  });

  it('matches the tool that runs commands and the four ways in which a session begins, and is shipped', () => {
    expect(hooks.PreToolUse.map(({ matcher }) => matcher)).toEqual(['Bash']);
    expect(hooks.PostToolUse.map(({ matcher }) => matcher)).toEqual(['Bash']);
    expect(hooks.SessionStart[0]?.matcher?.split('|')).toEqual(['startup', 'resume', 'clear', 'compact']);
    expect([hooks.Stop[0]?.matcher, hooks.UserPromptSubmit[0]?.matcher]).toEqual([undefined, undefined]);
    const { files } = z
      .object({ files: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    expect(files).toContain('hooks');
    expect(existsSync(join(root, 'dist/hook.mjs'))).toBe(true);
  });
});
