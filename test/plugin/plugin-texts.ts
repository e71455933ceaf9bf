import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseFrontMatter } from '../../src/system/front-matter.ts';

export const root = resolve(import.meta.dirname, '../..');

/** One Markdown file that an agent reads. */
export type PluginText = { path: string; data: unknown; body: string; lines: number };

/** Everything that the plugin tells an agent in Markdown: commands, skills with what lies beside them, agents. */
export function pluginTexts(): PluginText[] {
  return [...markdownIn('commands'), ...markdownIn('skills'), ...markdownIn('agents')].map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return { path, lines: text.split('\n').length, ...parseFrontMatter(text, path) };
  });
}

/** Words that stand between back quotes in running text, and whole lines of code blocks. */
export function codeOf(body: string): string[] {
  const blocks = [...body.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].flatMap((block) => (block[1] ?? '').split('\n'));
  const running = body.replace(/^```[\s\S]*?^```/gm, '');
  return [...blocks, ...[...running.matchAll(/`([^`\n]+)`/g)].map((span) => span[1] ?? '')];
}

/** Relative links of a text, as paths from the package's root. */
export function linksOf({ path, body }: PluginText): string[] {
  return [...body.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((link) => link[1] ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => relative(root, resolve(root, dirname(path), link.replace(/#.*$/, ''))));
}

/** Calls of the form `tool {field: …}`. Values are taken out first: only names of fields remain. */
export function toolCallsOf(code: readonly string[]): Array<{ tool: string; fields: string[]; call: string }> {
  return code.flatMap((call) => {
    const match = /^(?:>\s+)?([a-z_]+) \{(.*)\}/.exec(call.trim());
    if (match === null) return [];
    const inner = (match[2] ?? '').replace(/"(?:[^"\\]|\\.)*"/g, '""');
    const fields = inner
      .split(',')
      .map((part) => part.split(':')[0]?.trim().replace(/\?$/, '') ?? '')
      .filter((name) => name !== '' && name !== '…');
    return [{ tool: match[1] ?? '', fields, call }];
  });
}

/** Command lines of the form `seatrial <command> …`. */
export function commandLinesOf(code: readonly string[]): Array<{ command: string; flags: string[]; line: string }> {
  return code.flatMap((line) => {
    const match = /^(?:>\s+)?seatrial ([a-z][a-z-]*)(.*)$/.exec(line.trim());
    if (match === null) return [];
    const flags = [...(match[2] ?? '').matchAll(/(?:^|\s)--([a-z][a-z-]*)/g)].map((flag) => flag[1] ?? '');
    return [{ command: match[1] ?? '', flags, line }];
  });
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path))
    .sort();
}
