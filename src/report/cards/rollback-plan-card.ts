import { renderMs, renderStep } from '../../model/step.ts';
import { formatRatio } from '../format.ts';
import { renderLimits } from '../plan-text.ts';
import { bullets } from '../report-sections.ts';
import { answerTo, type CardInput, cardHead, checkLine } from './card-input.ts';

/** What takes a release back, how, and how it is seen that users are back. Pure. */
export function renderRollbackPlanCard(input: CardInput): string {
  const { plan, spec, environment } = input;
  const stable = plan?.content.stable?.version ?? 'the stable revision';
  return `${[
    cardHead('Rollback Plan', input, [
      `**Back to**: ${plan === null ? 'what is stable when the plan is made' : (plan.content.stable?.version ?? 'nothing served before: back is down')}`,
    ]),
    `## Trigger Conditions\n\n${triggers(input)}`,
    `## Rollback Steps\n\n${
      plan === null
        ? '- they are part of each plan: name a version with --version'
        : plan.content.wayBack.length === 0
          ? '- none: a fault can only be fixed forward'
          : plan.content.wayBack.map((step, index) => `${index + 1}. ${renderStep(step)}`).join('\n')
    }`,
    `## By Hand\n\n${bullets([
      `While a run goes on: \`seatrial abort\`, or \`seatrial rollback --env ${environment}\``,
      `After it: \`seatrial rollback --env ${environment}\``,
      'When that fails: declare a P0 incident and move traffic by hand as the steps above say',
    ])}`,
    `## Verification\n\n${bullets([
      `No request goes to the candidate: asked on the traffic path`,
      `Answers come from ${stable}: read back on ${spec.url}`,
      `Smoke tests on the environment: ${spec.smoke.filter(({ on }) => on.includes('environment')).length} configured`,
    ])}`,
    `## Stored Data\n\n${bullets([migrationWords[spec.migration]])}`,
    `## Readiness\n\n${[
      checkLine('Rollback plan documented', answerTo(input, 'rollback-plan')),
      checkLine(
        `Rollback rehearsed within ${renderMs(spec.gates.rehearsedWithin)}`,
        answerTo(input, 'rollback-rehearsed'),
      ),
      checkLine('Previous version tagged', answerTo(input, 'previous-tagged')),
      checkLine('Previous version can be started', answerTo(input, 'previous-startable')),
    ].join('\n')}`,
    '## Post-Rollback\n\n- Write down what went wrong: the incident report has a section for the root cause\n- `seatrial learnings add --run <run> --cause "…" --fix "…"`; until then the same revision is refused\n- Plan the fix and the check that would have found it',
  ].join('\n\n')}\n`;
}

const migrationWords = {
  none: 'no migration: going back changes no data',
  expand: 'expand: the former revision can live with the new data',
  contract: 'contract: NO automatic rollback; the run freezes and a person decides',
  irreversible: 'irreversible: NO automatic rollback; the run freezes and a person decides',
} as const;

function triggers({ plan, spec }: CardInput): string {
  if (plan !== null)
    return renderLimits(plan)
      .filter((line) => line.startsWith('- goes back') || line.startsWith('- objective'))
      .join('\n');
  const { errorRate, latency, throughput, restarts, canaryExits, oom, unhealthy, wrongRevision } = spec.triggers;
  return bullets([
    `Error rate: more than ${formatRatio(errorRate.above)} above the baseline at the same time`,
    ...(latency === false ? [] : [`Latency: above the baseline by more than ${formatRatio(latency.above - 1)}`]),
    ...(throughput === false ? [] : [`Throughput: below ${formatRatio(throughput.below)} of the baseline`]),
    `Restarts: more than ${restarts.moreThan} in ${renderMs(restarts.within)}`,
    ...(canaryExits === false
      ? []
      : [`Exits of the candidate: ${canaryExits.atLeast} in ${renderMs(canaryExits.within)}`]),
    ...(oom ? ['Any kill for lack of memory'] : []),
    `More than ${formatRatio(unhealthy)} of its instances unhealthy`,
    ...(wrongRevision ? ['An answer from the wrong revision'] : []),
    'A smoke test that fails while the candidate has users',
  ]);
}
