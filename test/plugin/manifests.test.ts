import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { renderGeminiCommand } from '../../src/operations/agent-files/gemini-command.ts';
import { operations } from '../../src/operations/list.ts';
import { loadCommands } from '../../src/operations/load-commands.ts';
import { pluginTexts, root } from './plugin-texts.ts';

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  mcpName: z.string(),
  license: z.string(),
  bin: z.record(z.string(), z.string()),
  files: z.array(z.string()),
});
/** Keys that Claude Code knows and this plugin uses; its own validator passes over a misspelt one in places. */
const pluginSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  description: z.string().min(20).max(400),
  author: z.strictObject({ name: z.string().min(1) }),
  license: z.string(),
  keywords: z.array(z.string()).min(1),
});
const placesSchema = pluginSchema.extend({
  skills: z.string(),
  commands: z.string().optional(),
  agents: z.string().optional(),
  mcpServers: z.string(),
});
const marketplaceSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  description: z.string().min(20),
  owner: z.strictObject({ name: z.string().min(1) }),
  plugins: z.array(z.strictObject({ name: z.string(), source: z.string(), description: z.string().min(1) })).min(1),
});
const serversSchema = z.strictObject({
  mcpServers: z.record(
    z.string(),
    z.strictObject({ command: z.string(), args: z.array(z.string()), cwd: z.string().optional() }),
  ),
});
const extensionSchema = serversSchema.extend({ name: z.string(), version: z.string(), description: z.string() });
const registrySchema = z.strictObject({
  $schema: z.string(),
  name: z.string(),
  title: z.string().max(100),
  description: z.string().max(100),
  version: z.string(),
  packages: z.array(
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: z.string(),
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      packageArguments: z.array(z.strictObject({ type: z.literal('positional'), value: z.literal('mcp') })),
    }),
  ),
});
const bundleSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  server: z.object({
    entry_point: z.string(),
    mcp_config: z.object({ command: z.string(), args: z.array(z.string()) }),
  }),
  tools: z.array(z.object({ name: z.string(), description: z.string() })),
});

function read(path: string): unknown {
  const parsed: unknown = JSON.parse(readFileSync(join(root, path), 'utf8'));
  return parsed;
}

const pack = packageSchema.parse(read('package.json'));
const codex = placesSchema.parse(read('.codex-plugin/plugin.json'));
const cursor = placesSchema.parse(read('.cursor-plugin/plugin.json'));
const gemini = extensionSchema.parse(read('gemini-extension.json'));
const registry = registrySchema.parse(read('server.json'));
const bundle = bundleSchema.parse(read('manifest.json'));

describe('the manifests', () => {
  it('are all of one name, version and licence: that of the package', () => {
    const plugin = pluginSchema.parse(read('.claude-plugin/plugin.json'));
    for (const manifest of [plugin, codex, cursor, bundle])
      expect([manifest.name, manifest.version, manifest.license]).toEqual([pack.name, pack.version, pack.license]);
    expect([gemini.name, gemini.version]).toEqual([pack.name, pack.version]);
    expect([registry.name, registry.version]).toEqual([pack.mcpName, pack.version]);
    for (const { identifier, version } of registry.packages)
      expect([identifier, version]).toEqual([pack.name, pack.version]);
  });

  it('carry the same version as the skills', () => {
    const skillSchema = z.looseObject({ metadata: z.looseObject({ version: z.string() }) });
    const skills = pluginTexts().filter(({ path }) => path.endsWith('/SKILL.md'));
    expect(skills.length).toBeGreaterThan(2);
    for (const { path, data } of skills) expect(skillSchema.parse(data).metadata.version, path).toBe(pack.version);
  });

  it('let the marketplace point at this very folder', () => {
    const marketplace = marketplaceSchema.parse(read('.claude-plugin/marketplace.json'));
    expect(marketplace.plugins.map(({ name, source }) => [name, source])).toEqual([[pack.name, './']]);
  });

  it('start the server under the key that tool names are made of, from the bundle, each in its agent’s words', () => {
    const arrive = (file: unknown, words: string): void => {
      const { mcpServers } = serversSchema.parse(file);
      const { command, args } = mcpServers['deploy'] ?? { command: '', args: [] };
      expect([Object.keys(mcpServers), command, args]).toEqual([['deploy'], 'node', [words, 'mcp']]);
    };
    arrive(read('.mcp.json'), `\${CLAUDE_PLUGIN_ROOT}/dist/seatrial.mjs`);
    arrive(read('mcp.json'), `\${CURSOR_PLUGIN_ROOT}/dist/seatrial.mjs`);
    arrive({ mcpServers: gemini.mcpServers }, `\${extensionPath}\${/}dist\${/}seatrial.mjs`);
    // Codex expands nothing, and starts where the plugin lies.
    arrive(read('.codex-plugin/mcp.json'), './dist/seatrial.mjs');
    expect(serversSchema.parse(read('.codex-plugin/mcp.json')).mcpServers['deploy']?.cwd).toBe('.');
    expect(bundle.server.mcp_config.args).toEqual([`\${__dirname}/dist/seatrial.mjs`, 'mcp']);
    expect(pack.bin).toEqual({ seatrial: bundle.server.entry_point });
  });

  it('name places that exist', () => {
    const places = [codex, cursor].flatMap(({ skills, commands, agents, mcpServers }) => [
      skills,
      mcpServers,
      ...(commands === undefined ? [] : [commands]),
      ...(agents === undefined ? [] : [agents]),
    ]);
    for (const place of [...places, bundle.server.entry_point, '.claude-plugin/icon.png'])
      expect(existsSync(join(root, place)), place).toBe(true);
  });

  it('list the tools that the server has', () => {
    const tools = operations.filter(({ tool }) => tool).map(({ name, title }) => ({ name, description: title }));
    expect(bundle.tools).toEqual(tools);
  });

  it('bring an icon that catalogues accept', () => {
    const icon = readFileSync(join(root, '.claude-plugin/icon.png'));
    expect(icon.subarray(1, 4).toString()).toBe('PNG');
    expect([icon.readUInt32BE(16), icon.readUInt32BE(20)]).toEqual([512, 512]);
    expect(icon.length).toBeLessThan(50_000);
  });
});

describe('commands for Gemini CLI', () => {
  it('are those of the plugin, word for word', async () => {
    const commands = await loadCommands();
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      const text = readFileSync(join(root, 'commands', `${command.name}.toml`), 'utf8');
      expect(text, 'npm run docs').toBe(renderGeminiCommand(command));
      expect(text).toContain('\n    {{args}}\n');
      // These would run a shell, read a file, or end the string.
      expect(command.text).not.toMatch(/!\{|@\{|'''|\{\{/);
    }
  });
});

describe('the package', () => {
  it('ships every file that a manifest, a command or a skill of it names, and nothing to develop it with', () => {
    const listed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [packed] = z
      .array(z.object({ files: z.array(z.object({ path: z.string() })) }))
      .parse(JSON.parse(listed.stdout));
    const paths = packed?.files.map(({ path }) => path) ?? [];
    const read = pluginTexts().map(({ path }) => path);
    for (const path of [
      ...read,
      ...read.filter((path) => path.startsWith('commands/')).map((path) => path.replace(/md$/, 'toml')),
      ...['plugin.json', 'marketplace.json', 'icon.png'].map((name) => `.claude-plugin/${name}`),
      ...['plugin.json', 'mcp.json'].map((name) => `.codex-plugin/${name}`),
      '.cursor-plugin/plugin.json',
      ...['.mcp.json', 'mcp.json', 'gemini-extension.json', 'server.json', 'manifest.json'],
      ...['dist/seatrial.mjs', 'README.md', 'LICENSE', 'docs/agents.md', 'docs/reference.md'],
    ])
      expect(paths, path).toContain(path);
    // What a manifest or a hook starts lies where the agent puts the plugin.
    for (const path of paths.filter((path) => path.endsWith('.json') && !/^(docs|examples)\//.test(path)))
      for (const [, named = ''] of readFileSync(join(root, path), 'utf8').matchAll(/_PLUGIN_ROOT\}\/([^"\s]+)/g))
        expect(paths, `${path} names ${named}`).toContain(named);
    for (const folder of ['commands', 'skills', 'agents', 'hooks'].filter((name) => existsSync(join(root, name))))
      expect(pack.files).toContain(folder);
    expect(paths.filter((path) => /^(src|test|bench|scripts|node_modules|\.ci)\//.test(path))).toEqual([]);
    expect(statSync(join(root, 'dist/seatrial.mjs')).mode & 0o111).not.toBe(0);
  });
});
