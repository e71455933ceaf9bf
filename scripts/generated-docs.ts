import { renderJsonSchema } from '../src/config/json-schema.ts';
import { errorCatalogue, exitCode } from '../src/model/error-catalogue.ts';
import type { Operation } from '../src/model/operation.ts';
import { describeInput } from '../src/model/operation-input.ts';
import { renderGeminiCommand } from '../src/operations/agent-files/gemini-command.ts';
import { operations } from '../src/operations/list.ts';
import { loadCommands } from '../src/operations/load-commands.ts';
import { strategies } from '../src/strategies/list.ts';

export { loadCommands, renderGeminiCommand, renderJsonSchema };

/** docs/reference.md: every operation with its two doors, the strategies, exit codes and errors. Pure. */
export function renderReference(): string {
  return [
    '# Reference',
    '',
    'Generated from the operations by `npm run docs`; a test fails when it differs.',
    '',
    '## Operations',
    '',
    '| MCP tool | command | effects |',
    '| --- | --- | --- |',
    ...operations.map(
      (operation) =>
        `| ${operation.tool ? `\`${operation.name}\`` : '–'} | ${operation.cli === null ? '–' : `\`seatrial ${operation.cli.command}\``} | ${effects[operation.effects]} |`,
    ),
    '',
    ...operations.flatMap(renderOperation),
    '## Strategies',
    '',
    '| strategy | when | cost |',
    '| --- | --- | --- |',
    ...strategies.map((strategy) => `| ${strategy.kind} | ${strategy.whenToUse} | ${strategy.resourceCost} |`),
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...Object.entries(exitCode).map(([name, code]) => `| ${code} | ${exitMeaning[name] ?? name} |`),
    '',
    '## Errors',
    '',
    '| code | what is wrong | what to do | may be tried again |',
    '| --- | --- | --- | --- |',
    ...Object.entries(errorCatalogue).map(
      ([code, entry]) =>
        `| \`${code}\` | ${cell(entry.message)} | ${cell(entry.remedy)} | ${entry.retryable ? 'yes' : 'no'} |`,
    ),
    '',
  ].join('\n');
}

/** docs/architecture-rules.md: the import map that the architecture test reads. Pure. */
export function renderImportRules(rules: {
  folders: Record<string, { mayImport: string[]; why: string }>;
  pure: { folders: string[]; why: string };
  effects: { why: string };
}): string {
  return [
    '# Import rules',
    '',
    'Generated from `src/import-rules.json`, which `test/architecture.test.ts` enforces.',
    '',
    '| folder of src | may import | because |',
    '| --- | --- | --- |',
    ...Object.entries(rules.folders).map(
      ([folder, rule]) =>
        `| \`${folder}\` | ${rule.mayImport.map((name) => `\`${name}\``).join(', ') || 'nothing'} | ${rule.why} |`,
    ),
    '',
    `Pure folders: ${rules.pure.folders.map((name) => `\`${name}\``).join(', ')} (${rules.pure.why}). Effects live in \`system\` (${rules.effects.why}). There are no cycles.`,
    '',
  ].join('\n');
}

const effects: Record<Operation['effects'], string> = { reads: 'reads', changes: 'changes', person: 'needs a person' };

const exitMeaning: Record<string, string> = {
  ok: 'done; for a run: succeeded',
  internal: 'a defect of seatrial',
  usage: 'the command line or the request is wrong',
  config: 'seatrial.yaml or the project is wrong',
  gate: 'a gate stopped it',
  approval: 'a person must approve, or approve again',
  busy: 'another run owns the target',
  target: 'the target or a metrics source does not answer, or refused',
  notFound: 'version, plan or run is not there',
  rolledBack: 'run: rolled back; users had seen the candidate',
  failed: 'run: failed; no user saw the candidate',
  aborted: 'run: aborted by a person',
  rollbackFailed: 'run: the rollback failed; act now',
  unverified: 'run: every step done, but the revision was not seen serving',
  detached: 'stopped following; the run goes on',
};

function renderOperation(operation: (typeof operations)[number]): string[] {
  const fields = describeInput(operation.input);
  const title = operation.tool ? `\`${operation.name}\`` : `\`seatrial ${operation.cli?.command ?? operation.name}\``;
  return [
    `### ${title}: ${operation.title}`,
    '',
    operation.description,
    '',
    ...(fields.length === 0
      ? []
      : [
          '| input | type | required | meaning |',
          '| --- | --- | --- | --- |',
          ...fields.map((field) => renderField(field, isCommandOnly(operation, field.name))),
          '',
        ]),
    ...(operation.cli === null ? [] : ['```', ...operation.cli.examples.map((example) => `$ ${example}`), '```', '']),
  ];
}

function isCommandOnly({ toolInput }: Operation, field: string): boolean {
  return toolInput !== undefined && !(field in toolInput.shape);
}

function renderField(field: ReturnType<typeof describeInput>[number], commandOnly: boolean): string {
  const values = field.choices === null ? field.type : field.choices.map((choice) => `\`${choice}\``).join(' \\| ');
  return `| \`${field.name}\` | ${values} | ${field.required ? 'yes' : 'no'} | ${commandOnly ? 'Command only. ' : ''}${cell(field.description)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
