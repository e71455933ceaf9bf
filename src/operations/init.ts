import { z } from 'zod';
import { guessConfig } from '../config/init/guess-config.ts';
import { readProjectFile } from '../config/init/project-files.ts';
import { writeConfig } from '../config/init/write-config.ts';
import { parseConfig } from '../config/load-config.ts';
import { isLocal } from '../model/config/target.ts';
import { exitCode } from '../model/error-catalogue.ts';
import type { OperationResult } from '../model/operation.ts';
import { realDirectory } from '../system/files.ts';
import { assertOneWish, offerAgentFiles, withdrawAgentFiles } from './agent-files/offer-agent-files.ts';
import { type CopiedTemplates, copyTemplates } from './copy-templates.ts';
import { defineOperation } from './define-operation.ts';
import { haproxyFragment, suggestHaproxy } from './haproxy-fragment.ts';
import { openTrustedProject } from './project.ts';

export const init = defineOperation({
  name: 'init',
  title: 'Write a first seatrial.yaml',
  description:
    'Looks at the project (package.json, Dockerfile, Procfile, manifests), writes a first configuration with the reason for each guess, and overwrites nothing. At a terminal it asks whether agents are to get commands in this project.',
  tool: false,
  effects: 'changes',
  input: z.object({
    templates: z
      .boolean()
      .default(false)
      .describe('Also copy the blank cards (plans, checklists, SLO, review) to docs/deployment'),
    agents: z
      .boolean()
      .optional()
      .describe('Also write the commands for agents: .claude/commands, .gemini/commands, a section of AGENTS.md')
      .meta({ asked: true }),
    remove_agents: z.boolean().default(false).describe('Only take those away again, unless somebody edited them'),
  }),
  cli: {
    command: 'init',
    positional: [],
    examples: [
      'seatrial init',
      'seatrial init --templates',
      'seatrial init --agents',
      'seatrial init --remove-agents',
      'seatrial init --project ../shop',
    ],
  },
  run: async ({ templates, agents, remove_agents: remove }, context) => {
    assertOneWish({ agents, templates, remove });
    const directory = await realDirectory(context.projectDirectory);
    if (remove) {
      const { data, lines } = await withdrawAgentFiles(directory);
      return { data: { agents: data }, text: lines.join('\n') };
    }
    const first = await firstConfig(directory);
    const isFirst = first.data.written;
    // What a stranger's repository holds is not added to before somebody trusts it.
    if (!isFirst && templates) await openTrustedProject(context);
    const offered = await offerAgentFiles(agents, { directory, isFirst, context });
    const copied = templates ? await copyTemplates(directory) : null;
    const added = [...offered.lines, ...(copied === null ? [] : ['', renderCopied(copied)])];
    const text = added.length === 0 ? first.text : `${first.text}\n${added.join('\n')}`;
    const data = { ...first.data, agents: offered.data, ...(copied === null ? {} : { templates: copied }) };
    // That the configuration was there is no failure for whoever wanted something else.
    return copied === null && offered.data === null ? { ...first, data, text } : { data, text };
  },
});

function renderCopied({ written, kept }: CopiedTemplates): string {
  return [
    written.length === 0 ? 'No blank card was missing.' : 'Wrote blank cards:',
    ...written.map((path) => `  · ${path}`),
    ...(kept.length === 0 ? [] : ['There already, left as they are:', ...kept.map((path) => `  · ${path}`)]),
  ].join('\n');
}

type First = OperationResult<{ written: boolean; path: string; [fact: string]: unknown }>;

async function firstConfig(directory: string): Promise<First> {
  const guessed = await guessConfig(directory);
  const { written, path } = await writeConfig(directory, guessed.text);
  if (!written) {
    const fragments = await configuredFragments(directory);
    return {
      data: { written, path, fragments },
      text: [`${path} is there already and stays as it is. What it means: seatrial explain`, ...fragments].join('\n'),
      exitCode: exitCode.usage,
    };
  }
  const lines = [
    `Wrote ${path}`,
    ...guessed.guesses.map(
      (guess) =>
        `  ${guess.sure ? '·' : '?'} ${guess.key}: ${Array.isArray(guess.value) ? guess.value.flat().join(' ') : String(guess.value)} (${guess.because})`,
    ),
    ...guessed.notes.map((note) => `  ! ${note}`),
    '  ! the steps take about an hour, as production wants it; to try it out, write shorter bakes: strategy: { kind: canary, steps: [{ weight: 25%, bake: 10s }, { weight: 100%, bake: 10s }] }',
    '  ! a verdict needs requests; for a service without users: metrics: { source: prober, path: /health }',
    'Next: read it, commit it, tag a version (git tag v1.0.0); a person trusts the project (seatrial trust), then: seatrial ship 1.0.0',
  ];
  if (await hasHaproxy(directory)) {
    const { service, environments } = parseConfig(guessed.text).config;
    const { url, target } = environments['production'] ?? { url: 'http://127.0.0.1:8080', target: null };
    const command = target !== null && isLocal(target) ? (target.command ?? []) : [];
    lines.push('', ...suggestHaproxy({ service, url, command }));
  }
  return { data: { written, path, guesses: guessed.guesses, notes: guessed.notes }, text: lines.join('\n') };
}

async function hasHaproxy(directory: string): Promise<boolean> {
  const found = await Promise.all(haproxyFiles.map((path) => readProjectFile(directory, path)));
  return found.some((text) => text !== null);
}

const haproxyFiles = ['haproxy.cfg', 'haproxy/haproxy.cfg', 'deploy/haproxy.cfg', 'config/haproxy.cfg'];

/** What the configuration that is there needs of HAProxy; nothing when it needs nothing or cannot be read. */
async function configuredFragments(directory: string): Promise<string[]> {
  const text = await readProjectFile(directory, 'seatrial.yaml');
  if (text === null) return [];
  try {
    const { service, environments } = parseConfig(text).config;
    return Object.entries(environments).flatMap(([name, { target, url }]) =>
      target.kind === 'haproxy' ? ['', `# ${name}`, ...haproxyFragment(target, { service, url })] : [],
    );
  } catch {
    // What is wrong with it is said by those who have to use it.
    return [];
  }
}
