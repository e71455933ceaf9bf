import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentFiles, isUntouched } from '../../src/operations/agent-files/agent-files.ts';
import { putAgentFiles, removeAgentFiles } from '../../src/operations/agent-files/put-agent-files.ts';
import { init } from '../../src/operations/init.ts';
import { loadCommands } from '../../src/operations/load-commands.ts';
import { createVirtualClock } from '../fixtures/virtual-clock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'seatrial-agents-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (path: string): string => join(directory, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const write = (path: string, text: string): void => {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
};
const everything = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
      .sort()
      .map((path) => [path, read(path)]),
  );

describe('texts for agents in a project', () => {
  it('are an alias of each command for each client, and a section; they name tools and no path', async () => {
    const commands = await loadCommands();
    await putAgentFiles(directory);
    const files = everything();
    expect(Object.keys(files)).toEqual([
      ...commands.map(({ name }) => `.claude/commands/${name}.md`),
      ...commands.map(({ name }) => `.gemini/commands/${name}.toml`),
      'AGENTS.md',
    ]);
    for (const [path, text] of Object.entries(files)) {
      expect(text, path).not.toMatch(/CLAUDE_PLUGIN_ROOT|seatrial\.mjs|\/home\/|node_modules/);
      expect(text, path).toContain('MCP server `deploy`');
      expect(isUntouched(text), path).toBe(true);
    }
    expect(files['.claude/commands/phase-2-ship.md']).toContain('\n    $ARGUMENTS\n');
    expect(files['.gemini/commands/phase-2-ship.toml']).toContain('\n    {{args}}\n');
    for (const { name } of commands)
      expect(files['AGENTS.md']).toMatch(new RegExp(`^\\| \`/${name}\\b(?:[^|]|(?<=\\\\)\\|)*\\|[^|]+\\|$`, 'm'));
  });

  it('stay the same when they are written again, also with the line ends of another system', async () => {
    await putAgentFiles(directory);
    write('AGENTS.md', read('AGENTS.md').replaceAll('\n', '\r\n'));
    write('.claude/commands/rollback.md', read('.claude/commands/rollback.md').replaceAll('\n', '\r\n'));
    const before = everything();
    const again = await putAgentFiles(directory);
    expect([again.written, again.kept]).toEqual([[], []]);
    expect(everything()).toEqual(before);
  });

  it.each(['\n', '\r\n'])('leave every byte of what people wrote, and go away without a trace (%j)', async (line) => {
    const own = ['# Agents', '', 'Use tabs.', ''].join(line);
    write('AGENTS.md', own);
    write('.claude/commands/phase-2-ship.md', 'Ship it my way.\n');
    write('.claude/settings.json', '{}\n');
    const put = await putAgentFiles(directory);
    expect(put.kept).toEqual(['.claude/commands/phase-2-ship.md']);
    expect(read('AGENTS.md').startsWith(`${own}${line}<!-- seatrial:begin `)).toBe(true);
    expect((await removeAgentFiles(directory)).kept).toEqual([]);
    expect(everything()).toEqual({
      '.claude/commands/phase-2-ship.md': 'Ship it my way.\n',
      '.claude/settings.json': '{}\n',
      'AGENTS.md': own,
    });
    expect(existsSync(at('.gemini'))).toBe(false);
  });

  it('are kept when somebody edited them, and said to be', async () => {
    await putAgentFiles(directory);
    write('AGENTS.md', read('AGENTS.md').replace('## Deploying', '## How we deploy'));
    write('.gemini/commands/rollback.toml', `${read('.gemini/commands/rollback.toml')}# ours\n`);
    const before = everything();
    const kept = ['.gemini/commands/rollback.toml', 'AGENTS.md'];
    expect((await putAgentFiles(directory)).kept).toEqual(kept);
    expect(everything()).toEqual(before);
    expect((await removeAgentFiles(directory)).kept).toEqual(kept);
    expect(Object.keys(everything())).toEqual(kept);
  });

  it('of an earlier version are renewed', async () => {
    const [older] = agentFiles([
      { name: 'rollback', description: 'As it was', hint: '[environment]', arguments: [], text: '' },
    ]);
    write('.claude/commands/rollback.md', older?.text ?? '');
    expect((await putAgentFiles(directory)).written).toContain('.claude/commands/rollback.md');
    expect(read('.claude/commands/rollback.md')).not.toContain('As it was');
  });

  it('never follow a link out of the project', async () => {
    symlinkSync(tmpdir(), at('.claude'));
    await expect(putAgentFiles(directory)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    await expect(removeAgentFiles(directory)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
  });
});

describe('seatrial init and agents', () => {
  const run = async (given: Record<string, unknown>, answer?: string | null) => {
    const asked: string[] = [];
    const result = await init.run(init.input.parse(given), {
      projectDirectory: directory,
      caller: { door: 'cli', name: 'ada', client: null, interactive: answer !== undefined },
      clock: createVirtualClock(),
      signal: new AbortController().signal,
      progress: () => {},
      ...(answer === undefined
        ? {}
        : {
            person: {
              show: () => {},
              ask: async (question: string) => {
                asked.push(question);
                return answer;
              },
            },
          }),
    });
    return { ...result, asked };
  };

  it('write nothing for agents where nobody was asked, and say how', async () => {
    const { text, asked } = await run({});
    expect([asked, Object.keys(everything())]).toEqual([[], ['seatrial.yaml']]);
    expect(text).toContain('seatrial init --agents');
    // Without trust and a commit the first ship is refused.
    expect(text).toMatch(/^Next: .*commit it.*\(seatrial trust\).*seatrial ship 1\.0\.0$/m);
  });

  it.each([
    ['', true],
    ['yes', true],
    ['n', false],
    ['No', false],
    [null, false],
  ])('asked at a terminal, %j decides', async (answer, written) => {
    const { asked } = await run({}, answer);
    expect(asked).toHaveLength(1);
    expect(existsSync(at('AGENTS.md'))).toBe(written);
  });

  it('do not ask when the answer was given, or when the project has its configuration', async () => {
    expect((await run({ agents: false }, 'y')).asked).toEqual([]);
    expect((await run({}, 'y')).asked).toEqual([]);
    expect(Object.keys(everything())).toEqual(['seatrial.yaml']);
  });

  it('refuse a wish and its opposite; a configuration that is there is no failure', async () => {
    await expect(run({ agents: true, remove_agents: true })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await run({ agents: true });
    expect(existsSync(at('AGENTS.md'))).toBe(true);
    const { exitCode = 0, text } = await run({ remove_agents: true });
    expect([exitCode, Object.keys(everything())]).toEqual([0, ['seatrial.yaml']]);
    expect(text).toContain('Removed:');
    expect((await run({ remove_agents: true })).text).toMatch(/nothing/);
    const again = await run({ agents: true });
    expect([again.exitCode ?? 0, existsSync(at('AGENTS.md'))]).toEqual([0, true]);
  });
});
