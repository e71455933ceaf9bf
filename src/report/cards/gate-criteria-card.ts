import { renderStep } from '../../model/step.ts';
import { cite, plainLine } from '../format.ts';
import type { GateAnswer } from '../gate-answer.ts';
import { type CardInput, cardHead } from './card-input.ts';
import { constructionCriteria, phaseWords, rollbackCriteria, transitionCriteria } from './gate-criteria.ts';

/** What must hold in each phase, with what is known of it. Pure. */
export function renderGateCriteriaCard(input: CardInput): string {
  const { checks, record, plan, spec } = input;
  const steps =
    plan?.content.steps.filter(({ kind }) => kind === 'bake' || kind === 'smoke' || kind === 'approve') ?? [];
  return `${[
    cardHead('Gate Criteria by Phase', input),
    section(
      'Construction',
      `${phaseWords.construction} Required to have passed: ${spec.gates.require.length === 0 ? 'what blocks by itself' : spec.gates.require.join(', ')}`,
      checks === null ? null : constructionCriteria(checks),
    ),
    `## During the Rollout\n\n${steps.length === 0 ? 'The steps are part of each plan: name a version with --version.' : steps.map((step) => `- [ ] ${renderStep(step)}`).join('\n')}`,
    section('Transition', phaseWords.transition, record === null ? null : transitionCriteria(record)),
    section('Rollback', phaseWords.rollback, record?.rollback == null ? null : rollbackCriteria(record)),
  ].join('\n\n')}\n`;
}

type Line = GateAnswer & { name: string; events?: readonly number[] };

function section(title: string, words: string, criteria: readonly Line[] | null): string {
  const body =
    criteria === null ? '- not asked: there is no run, or no answer, to tell it by' : renderCriteria(criteria);
  return `## ${title}\n\n${words.slice(0, 1).toUpperCase()}${words.slice(1)}\n\n${body}`;
}

/** One line for each criterion, ticked only where it was seen to hold. Pure. */
export function renderCriteria(criteria: readonly Line[]): string {
  return criteria
    .map(
      ({ name, status, reason, events = [] }) =>
        `- [${status === 'PASS' ? 'x' : ' '}] ${name}: ${status} (${plainLine(reason)})${cite(events)}`,
    )
    .join('\n');
}
