import type { Approval, Authority, Plan } from '../model/plan.ts';
import type { Revision } from '../model/revision.ts';
import { renderStep } from '../model/step.ts';
import { formatInstant } from './format.ts';
import { renderGuided } from './guided-text.ts';
import { approvalWords, migrationWords, renderLimits } from './plan-text.ts';
import { quoteArgument } from './quote-argument.ts';

export type ApprovalScreen = {
  plan: Plan;
  /** The approval that is about to be given. */
  approval: Approval;
};

/**
 * What a person reads before they approve, out of the canonical plan and nothing else: every step, program, argument,
 * address, variable name and limit. Texts of others stand in quotes with every character visible. Pure.
 */
export function renderApprovalScreen({ plan, approval }: ApprovalScreen): string {
  const { content } = plan;
  return [
    `${titleOf(approval.scope)}: ${content.service} ${content.revision.version} to ${content.environment} by ${content.strategy}`,
    '',
    `planId:       ${plan.planId}`,
    `scope:        ${approval.scope}`,
    `environment:  ${content.environment}`,
    `approver:     ${quoteArgument(approval.by)}`,
    `asked for by: ${quoteArgument(plan.requester)}${plan.account === undefined ? '' : `, account ${quoteArgument(plan.account)}`}`,
    ...(approval.reason == null ? [] : [`reason:       ${quoteArgument(approval.reason)}`]),
    `nonce:        ${approval.nonce}`,
    `valid until:  ${formatInstant(approval.expiresAtMs)}`,
    `given by:     ${approvalWords[approval.how]}`,
    '',
    ...shipLines(plan),
    '',
    ...stepLines(plan),
    '',
    'Limits and rules',
    ...renderLimits(plan),
    `if something dies: ${content.deadMan}`,
    `stored data: ${migrationWords[content.migration]}`,
    ...renderGuided(content, quoteArgument),
    '',
    ...authorityLines(content.authority),
  ]
    .map(showHidden)
    .join('\n');
}

/** What stands outside of quotes is made of names and numbers; should one hold a hidden character, it shows too. */
function showHidden(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function titleOf(scope: string): string {
  const [kind, rest] = [scope.split(':')[0], scope.slice(scope.indexOf(':') + 1)];
  switch (kind) {
    case 'promote':
      return `LET THE RUN GO PAST ${rest} WITHOUT MORE PROOF`;
    case 'review':
      return `CLOSE THE REVIEW OF RUN ${rest}`;
    case 'break-glass':
      return `BREAK THE GLASS: START ALTHOUGH THE GATE ${rest} BLOCKS`;
    default:
      return 'APPROVE';
  }
}

function shipLines({ content }: Plan): string[] {
  const weights = Object.entries(content.weights).map(([id, percent]) => `${id} ${percent} %`);
  return [
    'What is shipped',
    ...revisionLines('new', content.revision),
    ...(content.stable === null
      ? ['now:          nothing serves here yet; the way back is "down"']
      : revisionLines('now', content.stable)),
    `target:       ${quoteArgument(content.targetIdentity)}, ${content.instances} instance(s)`,
    `target state: ${quoteArgument(content.targetToken)}; weights: ${weights.join(', ') || 'none'}; starts before: ${content.attempt}`,
    `config hash:  ${content.configHash}`,
    `rules hash:   ${content.policyHash}`,
  ];
}

function revisionLines(label: string, { version, commit, ref, artifact }: Revision): string[] {
  const name = `${label}:`.padEnd(14);
  return [
    `${name}${version}, ${commit === null ? 'no commit: a folder of releases' : `commit ${commit}`}${ref === null ? '' : ` (${ref})`}`,
    ...(artifact === null
      ? []
      : [`${' '.repeat(14)}artifact ${quoteArgument(artifact.path)} sha256:${artifact.sha256}`]),
  ];
}

function stepLines({ content }: Plan): string[] {
  const back =
    content.stable === null ? 'Way back (to nothing: it is taken down)' : `Way back to ${content.stable.version}`;
  return [
    'Steps',
    ...content.steps.map((step, index) => `${index + 1}. ${renderStep(step)}`),
    '',
    back,
    ...(content.wayBack.length === 0
      ? ['none: a fault can only be fixed forward']
      : content.wayBack.map((step, index) => `${index + 1}. ${renderStep(step)}`)),
  ];
}

function authorityLines(authority: Authority | undefined): string[] {
  if (authority === undefined)
    return ['Programs and addresses: this plan was made by an older seatrial and does not name them. Make a new one.'];
  const section = (title: string, lines: readonly string[]): string[] => [
    title,
    ...(lines.length === 0 ? ['- none'] : lines.map((line) => `- ${line}`)),
  ];
  return [
    ...section(
      'Programs that will run (each argument in quotes; no shell)',
      authority.programs.map(({ at, argv }) => `${at}: ${argv.map(quoteArgument).join(' ')}`),
    ),
    '',
    ...section(
      'Addresses that will be asked or told',
      authority.addresses.map(({ at, address }) => `${at}: ${quoteArgument(address)}`),
    ),
    '',
    ...section(
      'Variables handed on (names; values are never shown)',
      authority.variables.map(({ at, name }) => `${at}: ${quoteArgument(name)}`),
    ),
    '',
    ...section(
      'Checks',
      authority.checks.map(({ at, name }) => `${at}: ${quoteArgument(name)}`),
    ),
  ];
}
