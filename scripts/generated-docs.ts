import { renderJsonSchema } from '../src/config/json-schema.ts';
import { errorCatalogue, exitCode } from '../src/model/error-catalogue.ts';
import { foci, longestGuidance, reviewerRoles } from '../src/model/guidance.ts';
import type { Operation } from '../src/model/operation.ts';
import { describeInput } from '../src/model/operation-input.ts';
import { howToAnswer, planQuestions, proceedQuestion } from '../src/model/plan-question.ts';
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

/** docs/guidance.md: what words ask for and what each changes, from the tables that the planner reads. Pure. */
export function renderGuidance(): string {
  return [
    '# Guidance, questions and arguments',
    '',
    'Generated from `src/model/guidance.ts` and `src/model/plan-question.ts` by `npm run docs`; a test fails when it differs.',
    '',
    '## Guidance',
    '',
    '`--guidance "text"` (and the field `guidance` of `rollout_plan` and `preflight`) says what a person wants to be watched for. It changes the plan by its keywords and by nothing else: whatever else stands in it is kept as a note. Each change stands in the plan under “Because of the guidance”, is part of what is approved (`planId`), and has its section in the deployment report.',
    '',
    '| focus | keywords | checks that must pass | additional reviewers | watches | the report adds |',
    '| --- | --- | --- | --- | --- | --- |',
    ...foci.map(
      (focus) =>
        `| ${focus.title} | ${focus.words.join(', ')} | ${focus.checks.map((id) => `\`${id}\``).join(', ')} | ${focus.reviewers.join(', ') || '–'} | ${paces[focus.pace]}${focus.provesLatency ? '; latency must be proven before the weight rises' : ''} | ${focus.report} |`,
    ),
    '',
    `- Upper and lower case are the same, a keyword counts as a whole word, several at once act together. At most ${longestGuidance} characters; characters that cannot be seen are taken out.`,
    '- A check that is demanded and not configured is *unknown* and stops, with the line to add. No guidance takes a check, a gate or a step away.',
    '- “Not urgent” or “no deadline” asks for no hurry. Every other keyword counts also after a “not”: it only makes the plan stricter.',
    '- Performance and a tight timeline together: the longer watch wins.',
    '- A tight timeline halves the least time of each watch, down to 5 minutes at a step (longer where the restart rule or the lag of a business metric looks back further) and 15 minutes at the end. A watch that is configured shorter stays as it is, and the weight still rises only by a verdict.',
    `- Reviewers are the roles ${Object.entries(reviewerRoles)
      .map(([name, role]) => `\`${role}\` (${name})`)
      .join(
        ', ',
      )} under \`approval.approvers\`. Where approval is by signature and somebody is enrolled for the role (\`seatrial approvers add … --roles\`), the start needs their signature; else the plan names them and says why nobody has to sign.`,
    '',
    '## The six questions',
    '',
    'Asked by `seatrial plan --interactive` and `seatrial ship --interactive` at a terminal, and by `rollout_plan {interactive: true}` through a form of the client (elicitation), or else handed back as text for the agent to ask; the answers come as `answers`, by id. `seatrial questions` prints them with what an empty answer takes here. Answers stand in the plan. They approve nothing.',
    '',
    '| id | question | why | answer | changes |',
    '| --- | --- | --- | --- | --- |',
    ...planQuestions.map(
      (one) => `| \`${one.id}\` | ${one.question} | ${one.why} | ${howToAnswer(one)} | ${cell(one.changes)} |`,
    ),
    `| \`${proceedQuestion.id}\` | ${proceedQuestion.question} | the changes are shown before it | yes, no | no: no plan is made |`,
    '',
    '## Arguments as they were typed',
    '',
    '`seatrial ship`, also called `seatrial flow-deploy-to-production` and `seatrial phase-2-ship`, and the field `arguments` of `rollout_plan` and `preflight` take one line:',
    '',
    '```',
    'canary 1.4.0 production ./shop --guidance "watch the orders" --interactive',
    '```',
    '',
    '- The words stand in any order. A word with a slash, or `.`, is the project folder; `direct`, `canary`, `blue-green`, `rolling` are strategies; a name under `environments` is an environment; what is left is the version.',
    '- Of a model the folder must be the project that the session works in. At a terminal it is the same as `--project`.',
    '- Unknown options, two of a kind, a strategy that is none, and a field that says otherwise than the line are errors that say what is right.',
    '- The first line of the answer says how the line was understood.',
    '',
  ].join('\n');
}

const paces = {
  same: 'as configured',
  longer: 'twice as long',
  shorter: 'shortened, down to the floor below',
} as const;

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
