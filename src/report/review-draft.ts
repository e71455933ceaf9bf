import type { History } from '../model/history.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderMs } from '../model/step.ts';
import { asSentence, plainLine, plural } from './format.ts';
import { adviceFor } from './improvement-advice.ts';
import { findCheck, type KnownCheck } from './known-checks.ts';
import { suggestRating } from './rating.ts';
import { lastSeq } from './record-events.ts';
import { reportData } from './report-data.ts';
import { describeExposure, evidenceOf } from './report-findings.ts';
import type { ReportData } from './report-schema.ts';
import { bullets } from './report-sections.ts';
import { reviewHeadings, reviewPlaceholder } from './review-headings.ts';
import { documentChanges, type ReviewDocument, renderImprovements } from './review-improvements.ts';
import { citeAll, renderReflection } from './review-reflection.ts';

/**
 * The post-deployment review with everything that the record knows filled in. What it claims about the run cites an event
 * of the journal; what only people can know is left to complete. `documents` are those of the project that improvements
 * may belong to. Pure.
 */
export function renderReviewDraft(record: RunRecord, history: History, documents: readonly ReviewDocument[]): string {
  const data = reportData(record);
  const changes = documentChanges(history.pitfalls, documents);
  const { service, version, environment, strategy, date, status } = data.title;
  return `${[
    `# Post-Deployment Review\n\n**Run**: ${record.runId}\n**Release**: ${service} ${version} to ${environment} by ${strategy}, ${date}\n**Status**: ${status}\n\n> Every claim about the run cites events that say it by their ids (#n), or ends with (opinion). Complete the places marked ${reviewPlaceholder}.`,
    `## ${reviewHeadings[0]}\n\n${renderReflection({ record, data, changes })}`,
    `## ${reviewHeadings[1]}\n\n${renderLessons(record, data, history)}`,
    `## ${reviewHeadings[2]}\n\n${renderImprovements(changes, documents)}`,
    `## ${reviewHeadings[3]}\n\n${renderOverall(record, data, history)}`,
  ].join('\n\n')}\n`;
}

function renderLessons(record: RunRecord, data: ReportData, history: History): string {
  const lessons = adviceFor(history.pitfalls);
  if (lessons.length === 0) return renderOnlyLesson(record, data);
  return lessons
    .map(
      ({ lesson, why, pitfall }, index) =>
        `### Lesson ${index + 1}\n- **Lesson**: ${lesson}\n- **Why it matters**: ${why}\n- **Example**: ${exampleOf(record, data, pitfall)}${citeAll(exampleEvents(record, data, pitfall), record)}`,
    )
    .join('\n\n');
}

function renderOnlyLesson(record: RunRecord, data: ReportData): string {
  const example = `- **Example**: ${asSentence(data.verdict.sentence)}${citeAll([...data.verdict.events, ...lastSeq(record, 'run_ended')], record)}`;
  if (record.outcome !== 'succeeded')
    return `### Lesson 1\n- **Lesson**: ${reviewPlaceholder}\n- **Why it matters**: ${reviewPlaceholder}\n${example}`;
  return `### Lesson 1\n- **Lesson**: What was planned is what happened; keep it so.\n- **Why it matters**: A deploy without findings shows which steps can be relied on.\n${example}`;
}

/** Pitfalls whose example tells of the verdict and of the users who met the release. */
const toldByHarm = ['rollback-needed', 'deploy-failure', 'insufficient-monitoring', 'monitoring-alert-missed'];

function exampleEvents(record: RunRecord, data: ReportData, pitfall: string): number[] {
  const own = evidenceOf(record, pitfall);
  if (!toldByHarm.includes(pitfall)) return own;
  return [...own, ...data.verdict.events, ...data.exposure.events];
}

const checkOfPitfall: Readonly<Record<string, KnownCheck>> = {
  'missing-rollback-plan': 'rollback-plan',
  'unrehearsed-rollback': 'rollback-rehearsed',
  'no-staging-verification': 'staging',
};

/** The lesson in this very run. */
function exampleOf(record: RunRecord, data: ReportData, pitfall: string): string {
  const { version, environment } = data.title;
  const asked = checkOfPitfall[pitfall];
  const check = asked === undefined ? null : findCheck(record, asked);
  if (check !== null)
    return `For ${version} the check “${plainLine(check.title)}” was ${check.status}: ${plainLine(check.reason)}.`;
  const examples: Record<string, string> = {
    'rollback-needed': `${version}: ${asSentence(data.verdict.sentence)} ${describeExposure(data.exposure)}`,
    'deploy-failure': `${version} to ${environment}: ${asSentence(data.verdict.sentence)}`,
    'insufficient-monitoring': `${version}: ${asSentence(data.verdict.sentence)} ${describeExposure(data.exposure)}`,
    'silent-deploy': `No notification about ${version} to ${environment} got through.`,
    'friday-deploy': `${version} was started at ${data.title.date}.`,
    'flaky-smoke-test': data.smoke.flaky.map((one) => asSentence(one.text)).join(' '),
    'slow-deploy': `The run took ${data.timeline.durationMs === null ? 'an unknown time' : renderMs(data.timeline.durationMs)} in all.`,
    'migration-without-way-back': `The migration of ${version} is ${record.plan.content.migration}.`,
    'overridden-gate': [
      ...record.overrides.map(({ title, by, reason }) => `${by} overrode the gate “${title}”, because: ${reason}`),
      ...record.controls
        .filter((control) => control.accepted)
        .map((control) => `${control.by} asked to ${control.action}: ${control.answer}`),
    ]
      .map((text) => asSentence(plainLine(text)))
      .join(' '),
    'monitoring-alert-missed': `${asSentence(data.verdict.sentence)} ${describeExposure(data.exposure)}`,
  };
  return examples[pitfall] || `${version} to ${environment}: ${asSentence(data.title.reason)}`;
}

function renderOverall(record: RunRecord, data: ReportData, history: History): string {
  const advice = adviceFor(history.pitfalls);
  const rating = suggestRating(history);
  const end = citeAll([], record);
  // What the points were taken off for shows where each pitfall does.
  const counted = citeAll(
    [...rating.pitfalls.flatMap((id) => evidenceOf(record, id)), ...lastSeq(record, 'run_ended')],
    record,
  );
  const actions = advice.slice(0, 3).map(({ action }) => action);
  const flags = advice.map(({ pitfall, flag }) => `${pitfall}: add to “${flag}”`);
  return [
    `### Rating\n- Rating: ${rating.value}/10\n- Suggested by: ${rating.formula}${counted}\n- Why: ${asSentence(data.title.reason)}${end}`,
    `### Actions before the next deployment\n${bullets(actions.length === 0 ? ['Answer what stands under “Assumptions and documentation shortfalls” by evidence.'] : actions)}`,
    `### Flags\n${bullets(flags.length === 0 ? [`Nothing to add to “common deployment pitfalls” or “pre-deployment checklist”; ${plural(data.couldNotVerify.length, 'point')} could not be verified.`] : flags)}`,
  ].join('\n\n');
}
