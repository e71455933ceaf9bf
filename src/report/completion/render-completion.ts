import type { RunRecord } from '../../model/run-record.ts';
import { asSentence, cite, formatTime, plainLine, quoteUntrusted } from '../format.ts';
import { reportData } from '../report-data.ts';
import type { ReportData } from '../report-schema.ts';
import { bullets } from '../report-sections.ts';
import { type Criterion, completionCriteria, type StateResult } from './completion-criteria.ts';

/** The story that a run has shipped, as far as its folder tells. Paths are from the project's folder. */
export type Story = {
  slug: string | null;
  /** As its state file or its design calls it; null when neither does. */
  title: string | null;
  /** First paragraph of the design. */
  summary: string | null;
  artifacts: ReadonlyArray<{ name: string; path: string; exists: boolean }>;
};

export type CompletionFacts = {
  story: Story;
  state: StateResult;
  /** What became of the ticket; null when none is configured. */
  ticket: string | null;
  reviewAcknowledged: boolean;
};

export type Completion = { criteria: Criterion[]; text: string };

/** The completion of a story: its six criteria with evidence, and the summary. Pure. */
export function renderCompletion(record: RunRecord, facts: CompletionFacts): Completion {
  const data = reportData(record);
  const criteria = completionCriteria(record, facts.state);
  const { version, service } = data.title;
  const name = quoteUntrusted(facts.story.title ?? facts.story.slug ?? `${service} ${version}`, 120);
  const parts = [
    `## Completed: ${name}`,
    `### What Was Delivered\n${bullets(delivered(data, facts.story))}`,
    `### Key Artifacts\n${bullets(artifacts(facts.story))}`,
    `### Deployment Details\n${bullets(details(record, data, facts))}`,
    `### Follow-up Items\n${followUps(data, criteria, facts)}`,
    `### Lessons Learned\n${lessons(data)}`,
    `### Completion Criteria\n${criteria.map(renderCriterion).join('\n')}`,
    thanks(name, criteria),
  ];
  return { criteria, text: `${parts.join('\n\n')}\n` };
}

function delivered({ title }: ReportData, story: Story): string[] {
  const from = title.from === null ? ', the first release there' : `, after ${title.from}`;
  return [
    ...(story.summary === null ? [] : [quoteUntrusted(story.summary, 300)]),
    `${title.service} ${title.version} in ${title.environment}${from}`,
  ];
}

function artifacts(story: Story): string[] {
  if (story.artifacts.length === 0) return ['No story was found that this release belongs to'];
  return story.artifacts.map(({ name, path, exists }) => `${name}: ${exists ? path : `none (${path} is not there)`}`);
}

function details(record: RunRecord, { title }: ReportData, { ticket }: CompletionFacts): string[] {
  const ended = record.endedAtMs ?? record.startedAtMs;
  return [
    `Deployed: ${formatTime(ended)}`,
    `Environment: ${title.environment}`,
    `Version/Commit: ${title.version} / ${title.commit ?? 'no commit'}`,
    `Run: ${title.runId} (by ${title.strategy}; \`seatrial report ${title.runId}\`)`,
    ...(ticket === null ? [] : [`Ticket: ${plainLine(ticket)}`]),
  ];
}

/** At most ten: what is open by the criteria, what the run taught to do, and the review. */
function followUps(
  { lessons: { actions } }: ReportData,
  criteria: readonly Criterion[],
  facts: CompletionFacts,
): string {
  const open = criteria
    .filter((criterion) => criterion.status !== 'met')
    .map((criterion) => `${criterion.name}: ${criterion.evidence}`);
  const items = [
    ...open,
    ...actions.map((action) => `${action.text}${cite(action.events)}`),
    ...(facts.reviewAcknowledged ? [] : ['Complete the review of the run, and have a person acknowledge it']),
  ].slice(0, 10);
  return items.length === 0 ? '- None' : items.map((item) => `- [ ] ${item}`).join('\n');
}

function lessons({ lessons: { wentWell, couldImprove } }: ReportData): string {
  const said = (statements: typeof wentWell): string =>
    statements.map((one) => `${asSentence(one.text)}${cite(one.events)}`).join(' ') || 'Nothing on record.';
  return bullets([`What went well: ${said(wentWell)}`, `What could improve: ${said(couldImprove)}`]);
}

function renderCriterion({ name, status, evidence, events }: Criterion): string {
  const word = status === 'met' ? '' : `${status}: `;
  return `- [${status === 'met' ? 'x' : ' '}] ${name}: ${word}${evidence}${cite(events)}`;
}

function thanks(name: string, criteria: readonly Criterion[]): string {
  const met = criteria.filter((criterion) => criterion.status === 'met').length;
  const rest =
    met === criteria.length
      ? 'All six criteria are met.'
      : `Of six criteria ${met} ${met === 1 ? 'is' : 'are'} met; what is open stands under the follow-up items.`;
  return `“${name}” serves its users. ${rest} Thank you to everybody who designed, built, checked and shipped it.`;
}
