import { createHash } from 'node:crypto';
import type { CommandText } from '../load-commands.ts';

/** A text of ours in a project of the user's: a whole file, or a section of one that is theirs. */
export type AgentFile = { path: string; text: string; part: 'file' | 'section' };

/**
 * What `seatrial init` puts into a project so that an agent knows the bare commands there: thin, because the commands
 * themselves come with the plugin and change with it. They name tools and never a path. Pure.
 */
export function agentFiles(commands: readonly CommandText[]): AgentFile[] {
  return [
    ...commands.map((command) => claudeAlias(command)),
    ...commands.map((command) => geminiAlias(command)),
    { path: 'AGENTS.md', part: 'section', text: sealed(renderSection(commands)) },
  ];
}

/** Whether a text of ours is as we wrote it, in this or an earlier version: what it says of itself is still true. Pure. */
export function isUntouched(text: string): boolean {
  const digest = markIn(text);
  return digest !== null && digestOf(text.replace(digest, blankDigest)) === digest;
}

/** The digest that a text of ours says of itself; null in any other text. Pure. */
export function markIn(text: string): string | null {
  return /^(?:<!--|#) seatrial:begin ([0-9a-f]{12})\b/m.exec(text)?.[1] ?? null;
}

/** Our section in a text of the user's, with its two marks and line breaks; null when there is none. Pure. */
export function findSection(text: string): string | null {
  return /^<!-- seatrial:begin [0-9a-f]{12}\b[\s\S]*?^<!-- seatrial:end -->(?:\r?\n|$)/m.exec(text)?.[0] ?? null;
}

function claudeAlias({ name, description, hint }: CommandText): AgentFile {
  const front = ['---', `description: ${JSON.stringify(description)}`, `argument-hint: ${JSON.stringify(hint)}`, '---'];
  const text = [...front, '', markOf('<!--', ' -->'), '', ...aliasBody(name, '$ARGUMENTS'), ''].join('\n');
  return { path: `.claude/commands/${name}.md`, part: 'file', text: sealed(text) };
}

function geminiAlias({ name, description }: CommandText): AgentFile {
  const body = aliasBody(name, '{{args}}').join('\n');
  const lines = [markOf('#', ''), `description = ${JSON.stringify(description)}`, `prompt = '''`, body, `'''`, ''];
  return { path: `.gemini/commands/${name}.toml`, part: 'file', text: sealed(lines.join('\n')) };
}

/** With nothing but this an agent must still end in a safe, true state. */
function aliasBody(name: string, args: string): string[] {
  return [
    `Run the command \`${name}\` of seatrial with these arguments, unchanged:`,
    '',
    `    ${args}`,
    '',
    `- Where there is a command or skill \`seatrial:${name}\`, or a prompt \`${name}\` of the MCP server \`deploy\`: follow it.`,
    '- Otherwise use the tools of the MCP server `deploy` (`preflight`, `rollout_plan`, `rollout_approve`, `rollout_start`, `rollout_status`, `deploy_report`, …) in the order that its instructions give.',
    '- There are no such tools: stop, say that the seatrial plugin is not installed, and change nothing. Never deploy, approve or roll back by other means.',
  ];
}

function renderSection(commands: readonly CommandText[]): string {
  return [
    markOf('<!--', ' -->'),
    '## Deploying',
    '',
    'This project ships with seatrial (`seatrial.yaml`). Use the tools of the MCP server `deploy` for everything that deploys, releases or rolls back, in the order that its instructions give; without MCP the `seatrial` command does the same. Never `kubectl`, `ssh`, `docker`, a platform’s CLI or a push to a deploy branch around it. A person approves; an agent never does.',
    '',
    '| command | what it does |',
    '| --- | --- |',
    ...commands.map(
      ({ name, hint, description }) => `| \`/${cell(`${name} ${hint}`.trim())}\` | ${cell(description)} |`,
    ),
    '',
    'No data is never a pass: say UNVERIFIED, skipped and unknown as such. Commit `.seatrial/` after a run.',
    '<!-- seatrial:end -->',
    '',
  ].join('\n');
}

const note =
  'renewed by `seatrial init --agents` and removed by `seatrial init --remove-agents` as long as nobody edits it';
const blankDigest = '0'.repeat(12);

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function markOf(open: string, close: string): string {
  return `${open} seatrial:begin ${blankDigest} ${note}${close}`;
}

/** The text with its own digest in its mark, which stands there as zeros while it is computed. */
function sealed(text: string): string {
  return text.replace(blankDigest, digestOf(text));
}

function digestOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex').slice(0, 12);
}
