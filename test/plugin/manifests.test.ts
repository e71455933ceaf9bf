import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { root } from './plugin-texts.ts';

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  files: z.array(z.string()),
});
const pluginSchema = z.object({
  name: z.string().regex(/^[a-z0-9-]+$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  description: z.string().min(20).max(400),
  author: z.object({ name: z.string().min(1) }),
  license: z.string(),
  keywords: z.array(z.string()).min(1),
});
const marketplaceSchema = z.object({
  name: z.string().regex(/^[a-z0-9-]+$/),
  owner: z.object({ name: z.string().min(1) }),
  plugins: z.array(z.object({ name: z.string(), source: z.string(), description: z.string().min(1) })).min(1),
});
const serversSchema = z.object({
  mcpServers: z.record(z.string(), z.object({ command: z.string(), args: z.array(z.string()) })),
});

function read(path: string): unknown {
  const parsed: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'));
  return parsed;
}

describe('the plugin’s manifests', () => {
  const pack = packageSchema.parse(read('package.json'));
  const plugin = pluginSchema.parse(read('.claude-plugin/plugin.json'));

  it('agree with the package', () => {
    expect([plugin.name, plugin.version, plugin.license]).toEqual([pack.name, pack.version, pack.license]);
  });

  it('let the marketplace point at this very folder', () => {
    const marketplace = marketplaceSchema.parse(read('.claude-plugin/marketplace.json'));
    expect(marketplace.plugins.map(({ name, source }) => [name, source])).toEqual([[plugin.name, './']]);
  });

  it('start the server under the key that tool names are made of, from the bundle', () => {
    const { mcpServers } = serversSchema.parse(read('.mcp.json'));
    expect(Object.keys(mcpServers)).toEqual(['deploy']);
    expect(mcpServers['deploy']).toEqual({
      command: 'node',
      args: [`\${CLAUDE_PLUGIN_ROOT}/dist/seatrial.mjs`, 'mcp'],
    });
    expect(existsSync(join(root, 'dist/seatrial.mjs'))).toBe(true);
  });

  it('ship everything that an installed plugin reads', () => {
    for (const path of ['dist', 'commands', 'skills', 'learnings', '.claude-plugin', '.mcp.json'])
      expect(pack.files).toContain(path);
  });
});
