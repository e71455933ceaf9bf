import type { EnvironmentSpec } from '../../model/config/environment.ts';
import { renderStep } from '../../model/step.ts';
import { plainLine } from '../format.ts';
import { describeRevision, renderLimits } from '../plan-text.ts';
import { bullets } from '../report-sections.ts';
import { type CardInput, cardHead } from './card-input.ts';

type Advice = { when: string; cost: string };

/** When a strategy fits, and what it needs beside what runs already. */
export const strategyAdvice: Record<EnvironmentSpec['strategy']['kind'], Advice> = {
  direct: {
    when: 'a low-risk change, or the first deploy of a service',
    cost: 'the new instances beside the old ones for the switch',
  },
  canary: {
    when: 'a change whose effect on users should be proven on a few of them first',
    cost: 'small: the instances of the candidate beside the stable ones until the end',
  },
  'blue-green': {
    when: 'a switch in one step is wanted, with a way back that is as fast',
    cost: 'twice the instances, until blue is retired',
  },
  rolling: {
    when: 'there is no room for a second set of instances, or they keep state',
    cost: 'none beside what runs already',
  },
};

const roles: ReadonlyArray<readonly [key: keyof Approvers, role: string]> = [
  ['releaseManager', 'Release Manager'],
  ['securityGatekeeper', 'Security Gatekeeper'],
  ['reliabilityEngineer', 'Reliability Engineer'],
  ['changeAdvisoryBoard', 'Change Advisory Board'],
];
type Approvers = NonNullable<EnvironmentSpec['approval']>['approvers'];

/** Who stands for each role of the configuration, as lines. Pure. */
export function approverLines({ approval }: EnvironmentSpec): string[] {
  return roles.map(([key, role]) => `${role}: ${plainLine(approval?.approvers[key] ?? 'not named')}`);
}

/** What will be done, step by step, by whom it is approved and how it is watched. Pure. */
export function renderDeploymentPlanCard(input: CardInput): string {
  const { plan, spec } = input;
  const kind = plan?.content.strategy ?? spec.strategy.kind;
  const advice = Object.entries(strategyAdvice).find(([name]) => name === kind)?.[1];
  return `${[
    cardHead('Deployment Plan', input, [`**Strategy**: ${kind}`]),
    `## Strategy\n\n${bullets([`When to use: ${advice?.when ?? 'unknown'}`, `Resource cost: ${advice?.cost ?? 'unknown'}`])}`,
    plan === null
      ? '## What Is Shipped\n\n- no version is chosen: name one with --version'
      : `## What Is Shipped\n\n${bullets([
          `Revision: ${describeRevision(plan.content.revision)}`,
          `Users are on: ${plan.content.stable === null ? 'nothing yet (first deploy)' : describeRevision(plan.content.stable)}`,
          `Instances: ${plan.content.instances}`,
          `Stored data: migration ${plan.content.migration}`,
        ])}`,
    ...(plan === null
      ? []
      : [
          `## Steps\n\n${plan.content.steps.map((step, index) => `${index + 1}. ${renderStep(step)}`).join('\n')}`,
          `## Limits\n\n${renderLimits(plan).join('\n')}`,
          `## Notes\n\n${bullets([plan.content.deadMan, ...plan.notes].map(plainLine))}`,
        ]),
    `## Approvals\n\n${bullets([`Asked for: ${plan?.approval ?? spec.approval?.how ?? 'as is usual for this environment'}`, ...approverLines(spec)])}`,
    `## Communication\n\n${bullets(communication(spec))}`,
    `## Way Back\n\n${bullets([`Rollback plan: ${spec.rollback.document ?? 'no document is configured'}`, 'Card: `seatrial report --kind rollback-plan`'])}`,
  ].join('\n\n')}\n`;
}

/** Who is told, and when nothing may be shipped. Pure. */
export function communication({ notify, freeze }: EnvironmentSpec): string[] {
  const channels = notify.map((channel) =>
    'webhook' in channel
      ? `webhook ${new URL(channel.webhook).host}`
      : 'command' in channel
        ? `command ${plainLine(channel.command[0] ?? '')}`
        : `file ${channel.file}`,
  );
  return [
    `Told at start, success, rollback and need of approval: ${channels.length === 0 ? 'nobody is configured in notify' : channels.join(', ')}`,
    `Freeze windows (${freeze.timezone}): ${freeze.windows.length === 0 ? 'none' : freeze.windows.map(({ from, to, reason }) => `${from} to ${to} (${plainLine(reason)})`).join('; ')}`,
  ];
}
