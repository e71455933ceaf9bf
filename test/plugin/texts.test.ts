import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preflightChecks } from '../../src/checks/preflight/list.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { renderPrompt } from '../../src/mcp/prompt.ts';
import { errorCatalogue } from '../../src/model/error-catalogue.ts';
import { describeInput } from '../../src/model/operation-input.ts';
import { outcomes } from '../../src/model/run-event.ts';
import { loadCatalogue } from '../../src/operations/learnings-files.ts';
import { operations } from '../../src/operations/list.ts';
import { loadCommands } from '../../src/operations/load-commands.ts';
import { gatePhases } from '../../src/report/cards/gate-criteria.ts';
import { namedGates } from '../../src/report/gate-answer.ts';
import { reviewHeadings } from '../../src/report/review-headings.ts';
import { renderStatus } from '../../src/report/status-text.ts';
import { allRuns, heldRun, runningRun, startMs } from '../fixtures/run-records.ts';
import { codeOf, commandLinesOf, linksOf, pluginTexts, root, toolCallsOf } from './plugin-texts.ts';

const texts = pluginTexts();
const skillFolder = 'skills/production-deployment-phase';
const toolNames = operations.filter((operation) => operation.tool).map((operation) => operation.name);
const leastConfig =
  'version: 1\nservice: shop\nenvironments: { production: { url: "http://127.0.0.1:8080", target: { kind: process, command: [node, server.js] } } }\n';

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function fieldsOf(name: string): string[] {
  const operation = operations.find((candidate) => candidate.name === name);
  const own = operation === undefined ? [] : describeInput(operation.input).map((field) => field.name);
  return own;
}

/** Flags of a CLI command; those that the door itself adds are named here, since no operation declares them. */
function flagsOf(command: string): string[] {
  const door = ['json', 'project', 'help', 'env', 'follow'];
  if (command === 'ship') return [...door, 'environment', 'strategy', 'dry-run', 'yes'];
  const operation = operations.find((candidate) => candidate.cli?.command === command);
  return [
    ...door,
    ...(operation === undefined ? [] : fieldsOf(operation.name).map((name) => name.replaceAll('_', '-'))),
  ];
}

describe.each(texts.map((text) => [text.path, text] as const))('%s', (_path, text) => {
  const code = codeOf(text.body);

  it('links to files that exist', () => {
    expect(linksOf(text).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('calls tools that exist, with fields that they take', () => {
    const wrong = toolCallsOf(code).filter(
      ({ tool, fields }) => !toolNames.includes(tool) || fields.some((field) => !fieldsOf(tool).includes(field)),
    );
    expect(wrong.map(({ call }) => call)).toEqual([]);
  });

  it('names no tool that does not exist', () => {
    const meant = code.filter((word) => /^(rollout|deploy|smoke|workflow)_[a-z_]+$/.test(word));
    expect(meant.filter((word) => !toolNames.includes(word))).toEqual([]);
    const prefixed = [...text.body.matchAll(/mcp__plugin_seatrial_deploy__([a-z_]+)/g)].map((match) => match[1] ?? '');
    expect(prefixed.filter((word) => !toolNames.includes(word))).toEqual([]);
  });

  it('names commands of the CLI that exist, with flags that they take', () => {
    const commands = ['ship', 'mcp', 'help', ...operations.flatMap(({ cli }) => (cli === null ? [] : [cli.command]))];
    const wrong = commandLinesOf(code).filter(
      ({ command, flags }) => !commands.includes(command) || flags.some((flag) => !flagsOf(command).includes(flag)),
    );
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  it('names error codes that exist', () => {
    const codes = code.filter((word) => /^[A-Z]+(_[A-Z]+)+$/.test(word));
    expect(codes.filter((word) => !Object.hasOwn(errorCatalogue, word))).toEqual([]);
  });

  it('is complete: no placeholder, and code blocks are closed', () => {
    expect(text.body).not.toMatch(/\b(TODO|FIXME|XXX|lorem)\b/);
    expect((text.body.match(/^```/gm) ?? []).length % 2).toBe(0);
  });
});

describe('the reference', () => {
  const reference = textOf(`${skillFolder}/reference.md`);
  const checks = preflightChecks(parseConfig(leastConfig).config.environments['production'] ?? fail()).map(
    ({ id }) => id,
  );

  it('has a row for every pre-flight check, and for no other', () => {
    const rows = [...reference.matchAll(/^\| [^|]+ \| `([a-z-]+)` \|/gm)].map((row) => row[1] ?? '');
    expect([...rows].sort()).toEqual([...checks].sort());
  });

  it('says of each check whether it stops as the check itself does', () => {
    const environment = parseConfig(leastConfig).config.environments['production'] ?? fail();
    for (const { id, blocking } of preflightChecks(environment)) {
      const row = reference.split('\n').find((line) => line.includes(`| \`${id}\` |`)) ?? '';
      const stops = row.split('|')[3]?.trim() ?? '';
      expect(`${id}: ${/^(yes|by default)/.test(stops)}`).toBe(`${id}: ${blocking}`);
    }
  });

  it('shows a configuration that is valid, and config lines that are', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(reference)?.[1] ?? fail();
    expect(Object.keys(parseConfig(example).config.environments)).toEqual(['production']);
    const lines = [...reference.matchAll(/^\|.*\| `([a-z]+: .+?)`[^|`]*\|$/gm)].map((match) => match[1] ?? '');
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      const base = ['url: "http://127.0.0.1:8080"', 'target: { kind: process, command: [node, server.js] }'];
      const key = line.split(':')[0] ?? '';
      const environment = [...base.filter((one) => !one.startsWith(`${key}:`)), line];
      const config = `version: 1\nservice: shop\nenvironments:\n  production:\n${environment.map((one) => `    ${one}\n`).join('')}`;
      expect(() => parseConfig(config), line).not.toThrow();
    }
  });
});

describe('the skill and the catalogue', () => {
  it('name the same pitfalls and patterns', async () => {
    const { pitfalls, patterns } = await loadCatalogue();
    const skill = textOf(`${skillFolder}/SKILL.md`);
    const named = [...skill.matchAll(/^### (🚫|✅) (.+)\n\n\*\*Id\*\*: `([a-z-]+)`/gmu)];
    const entries = (mark: string): string[] =>
      named.flatMap(([, found, title, id]) => (found === mark ? [`${id}: ${title}`] : []));
    expect(entries('🚫').sort()).toEqual(pitfalls.map(({ id, title }) => `${id}: ${title}`).sort());
    expect(entries('✅').sort()).toEqual(patterns.map(({ id, title }) => `${id}: ${title}`).sort());
  });

  it('keeps no figure of its own: those are the project’s', () => {
    const skill = textOf(`${skillFolder}/SKILL.md`);
    expect(skill).not.toMatch(/★|\(\d+\/\d+/u);
    expect(skill).toContain('.seatrial/learnings.md');
  });
});

const commands = texts.filter(({ path }) => path.startsWith('commands/'));

describe('the commands', () => {
  it.each(commands.map((text) => [text.path, text] as const))(
    '%s passes on everything that was typed',
    (_path, { body }) => {
      expect(body.match(/^ {4}\$ARGUMENTS$/gm)).toHaveLength(1);
      expect(body.match(/\$/g)).toHaveLength(1);
    },
  );

  it('that change something hold to the same rules, in the same words', () => {
    const rules = commands.flatMap(({ path, body }) => {
      const block = /^## Always\n\n([\s\S]*?)\n\n## /m.exec(body)?.[1];
      return block === undefined ? [] : [{ path, block }];
    });
    expect(rules.map(({ path }) => path)).toEqual([
      'commands/flow-deploy-to-production.md',
      'commands/phase-2-ship.md',
      'commands/phase-8-deploy.md',
      'commands/rollback.md',
    ]);
    expect(new Set(rules.map(({ block }) => block)).size).toBe(1);
  });

  it.each(['phase-2-ship', 'flow-deploy-to-production'])('%s says what to do for every outcome', (name) => {
    for (const word of outcomes)
      expect(textOf(`commands/${name}.md`), word).toMatch(new RegExp(`^\\| \`${word}\` \\|`, 'm'));
  });

  it.each(['phase-2-ship', 'phase-8-deploy', 'flow-deploy-to-production', 'rollback'])(
    '%s knows every state in which a run waits, and watches until the end',
    (name) => {
      const command = textOf(`commands/${name}.md`);
      for (const word of ['held', 'frozen']) expect(command, word).toContain(`\`${word}\``);
      expect(command).toMatch(/`rollout_status \{run_id, wait_s: \d+\}`[^.]* until it prints an `outcome:` line/);
      expect(command).toContain('{action: "abort", run_id, reason}');
    },
  );

  it('roll back by the state of the newest run, and never twice', () => {
    const command = textOf('commands/rollback.md');
    for (const word of [...outcomes, 'running', 'held', 'frozen', 'rolling_back'])
      expect(command, word).toMatch(new RegExp(`^\\|[^|]*\`${word}\`[^|]*\\|`, 'm'));
  });

  it('check gates by names that there are', () => {
    const command = textOf('commands/gate-check.md');
    for (const name of [...Object.keys(namedGates), ...gatePhases]) expect(command).toContain(`\`${name}\``);
  });

  it('review in four steps, in the words of the format that is checked', () => {
    const command = textOf('commands/post-deployment-review.md');
    const titles = reviewHeadings.map((title) => `| ${title.replace(/^Step (\d): /, '$1 ')} |`);
    for (const title of titles) expect(command).toContain(title);
  });
});

/** Of a plan, of a control, and of a status while the way back is walked, which no fixture is in. */
const otherLabels = ['ships', 'users are on', 'abort', 'way back'];

describe('the examples', () => {
  const examples = textOf(`${skillFolder}/examples.md`);
  const shown = [...examples.matchAll(/^```\n([\s\S]*?)^```/gm)].map((block) => block[1] ?? '').join('\n');

  it('quote outcomes, states and checks that there are', () => {
    const ended = [...shown.matchAll(/^outcome: (\w+)/gm)].map((match) => match[1] ?? '');
    expect(new Set(ended)).toEqual(new Set(['succeeded', 'rolled_back', 'aborted']));
    expect(ended.filter((word) => !outcomes.some((outcome) => outcome === word))).toEqual([]);
    const states = [...shown.matchAll(/^status: (\w+)/gm)].map((match) => match[1] ?? '');
    expect(states.length).toBeGreaterThan(2);
    expect(states.filter((word) => !['running', 'held', 'frozen', 'rolling_back'].includes(word))).toEqual([]);
    const environment = parseConfig(leastConfig).config.environments['production'] ?? fail();
    const ids = preflightChecks(environment).map(({ id }) => id);
    const quoted = [...shown.matchAll(/\[([a-z]+(?:-[a-z]+)+)\]$/gm)].map((match) => match[1] ?? '');
    expect(quoted.length).toBeGreaterThan(1);
    expect(quoted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('are laid out as a status is now', () => {
    const records = [...Object.values(allRuns()), runningRun(), heldRun()];
    const texts = records.map((record) => renderStatus(record, { nowMs: (record.endedAtMs ?? startMs) + 60_000 }));
    const labels = new Set(texts.flatMap((text) => [...text.matchAll(/^([a-z][a-z ]*): /gm)].map((match) => match[1])));
    const used = [...shown.matchAll(/^([a-z][a-z ]*): /gm)].map((match) => match[1] ?? '');
    expect(used.length).toBeGreaterThan(15);
    expect([...new Set(used)].filter((label) => !labels.has(label) && !otherLabels.includes(label))).toEqual([]);
  });

  it('start each kind of scene with the call that its command names first', () => {
    const scenes = examples.split(/^## /m).slice(1);
    const first = scenes.map((scene) => /^> ([a-z_]+) \{/m.exec(scene)?.[1] ?? null);
    expect(first.slice(0, 2)).toEqual(['learnings', 'preflight']);
  });
});

describe('the command phase-2-ship', () => {
  it('says what to do for every state in which a run waits', () => {
    const command = textOf('commands/phase-2-ship.md');
    for (const word of ['running', 'held', 'frozen', 'rolling_back'])
      expect(command, word).toMatch(new RegExp(`^\\| \`${word}\` \\|`, 'm'));
  });

  it('goes through the tools in the order of a run', () => {
    const command = textOf('commands/phase-2-ship.md');
    const order = [
      'learnings {action: "list"}',
      '`preflight {',
      '`rollout_plan {',
      '`rollout_approve {scope: "start"',
      '`rollout_start {',
      '`rollout_status {',
      '`deploy_report {',
      '`deploy_review {action: "draft"',
      '`deploy_review {action: "submit"',
      '`rollout_approve {scope: "review:',
      '`deploy_review {action: "apply"',
    ];
    const places = order.map((call) => command.indexOf(call));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((one, other) => one - other));
  });

  it('can be offered by the server, with and without its arguments', async () => {
    const command = (await loadCommands()).find(({ name }) => name === 'phase-2-ship') ?? fail();
    expect(command.arguments.map(({ name, required }) => [name, required])).toEqual([
      ['version', false],
      ['environment', false],
      ['strategy', false],
    ]);
    const full = renderPrompt(command, { version: '1.4.0', environment: 'staging', strategy: 'canary' });
    expect(full).toContain('\n    1.4.0 staging canary\n');
    const empty = renderPrompt(command, {});
    expect(empty).toContain('\n    (not given)\n');
    // A dollar sign in the prose would be taken for an argument.
    expect(`${full}${empty}`).not.toContain('$');
  });
});

function fail(): never {
  throw new Error('what this test reads is not there');
}
