import { renderStep } from '../../model/step.ts';
import { plainLine } from '../format.ts';
import { type CardInput, cardHead } from './card-input.ts';
import {
  type Criterion,
  constructionCriteria,
  phaseWords,
  rollbackCriteria,
  transitionCriteria,
} from './gate-criteria.ts';

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

function section(title: string, words: string, criteria: readonly Criterion[] | null): string {
  const body =
    criteria === null ? '- not asked: there is no run, or no answer, to tell it by' : renderCriteria(criteria);
  return `## ${title}\n\n${words.slice(0, 1).toUpperCase()}${words.slice(1)}\n\n${body}`;
}

/** One line for each criterion, ticked only where it was seen to hold. Pure. */
export function renderCriteria(criteria: readonly Criterion[]): string {
  return criteria
    .map(({ name, status, reason }) => `- [${status === 'PASS' ? 'x' : ' '}] ${name}: ${status} (${plainLine(reason)})`)
    .join('\n');
}
