import type { History } from '../model/history.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderMs } from '../model/step.ts';
import { asSentence, cite, plainLine, plural } from './format.ts';
import { adviceFor, documents } from './improvement-advice.ts';
import { findCheck, type KnownCheck } from './known-checks.ts';
import { suggestRating } from './rating.ts';
import { firstSeq, lastSeq } from './record-events.ts';
import { reportData } from './report-data.ts';
import { describeExposure, evidenceOf } from './report-findings.ts';
import type { ReportData } from './report-schema.ts';
import { bullets } from './report-sections.ts';

/** Stands where only those who took part can say something; a review that still has it is not complete. */
export const reviewPlaceholder = '(to complete)';

/** The headings of the review, in order. */
export const reviewHeadings = [
  'Step 1: Deployment Reflection',
  'Step 2: Lessons Learned',
  'Step 3: Process & Documentation Improvements',
  'Step 4: Overall Recommendations',
] as const;

/**
 * The post-deployment review with everything that the record knows filled in. What it claims about the run cites an event
 * of the journal; what only people can know is left to complete. Pure.
 */
export function renderReviewDraft(record: RunRecord, history: History): string {
  const data = reportData(record);
  return `${[
    `# Post-Deployment Review\n\n**Run**: ${record.runId}\n**Release**: ${data.title.service} ${data.title.version} to ${data.title.environment} by ${data.title.strategy}, ${data.title.date}\n**Status**: ${data.title.status}\n\n> Every bullet about the run cites its events, for example (#12), or ends with (opinion). Complete the places marked ${reviewPlaceholder}.`,
    `## ${reviewHeadings[0]}\n\n${renderReflection(record, data)}`,
    `## ${reviewHeadings[1]}\n\n${renderLessons(record, data, history)}`,
    `## ${reviewHeadings[2]}\n\n${renderImprovements(history)}`,
    `## ${reviewHeadings[3]}\n\n${renderOverall(record, data, history)}`,
  ].join('\n\n')}\n`;
}

function renderReflection(record: RunRecord, data: ReportData): string {
  const end = record.outcome === null ? firstSeq(record, 'run_started') : lastSeq(record, 'run_ended');
  const told = (statements: ReadonlyArray<{ text: string; events: number[] }>, none: string): string =>
    bullets(
      statements.length === 0
        ? [`${none}${cite(end)}`]
        : statements.map(({ text, events }) => `${asSentence(text)}${cite(events.length > 0 ? events : end)}`),
    );
  const issues = data.issues.map((issue) => ({
    text: `${issue.severity}: ${asSentence(issue.title)} ${asSentence(issue.resolution)}`,
    events: issue.events,
  }));
  const gates = data.preflight.checks
    .filter((check) => check.status !== 'passed')
    .map((check) => ({ text: `${check.title}: ${check.status}, ${check.reason}`, events: data.preflight.events }));
  const production = [
    { text: data.verdict.sentence, events: data.verdict.events },
    { text: describeExposure(data.exposure), events: data.exposure.events },
    ...data.slo
      .filter((measure) => measure.current !== null)
      .map((measure) => ({ text: `${measure.name}: ${measure.status}; ${measure.note}`, events: measure.events })),
  ];
  const manual = record.controls.map((control) => ({
    text: plainLine(
      `${control.by} asked to ${control.action}${control.reason === null ? '' : ` (${control.reason})`}: ${control.answer}`,
    ),
    events: [control.seq],
  }));
  return [
    `### Issues, errors, delays, rollbacks, unexpected behaviour\n${told(issues, 'None on record.')}`,
    `### Gaps or ambiguities in instructions, checklists, validation\n${told(gates, 'Every pre-flight check had an answer.')}`,
    `### Expected and actual production behaviour (stability, performance, observability, user impact)\n${told(production, 'Nothing was measured.')}`,
    `### Friction, manual steps, coordination, risk areas\n${told(manual, 'Nobody had to act by hand.')}\n- Coordination outside the record: ${reviewPlaceholder} (opinion)`,
    `### What worked well and should be reinforced\n${told(data.lessons.wentWell, 'The record shows nothing of the kind.')}`,
    `### Assumptions and documentation shortfalls\n${told(assumptions(data), 'Nothing was left unverified.')}\n- Assumptions that production proved wrong: ${reviewPlaceholder} (opinion)`,
  ].join('\n\n');
}

/** What was taken for granted; checks without an answer stand under the gaps already. */
/** What was taken for granted; checks without an answer stand under the gaps already. */
function assumptions(data: ReportData): Array<{ text: string; events: number[] }> {
  const asked = new Set(data.preflight.checks.map((check) => check.title));
  const open = data.couldNotVerify.filter(({ what }) => !asked.has(what));
  const seen = open.filter(({ events }) => events.length > 0);
  const unseen = open.filter(({ events }) => events.length === 0);
  return [
    ...seen.map(({ what, why, events }) => ({ text: `Not verified: ${what} (${why})`, events })),
    ...(unseen.length === 0
      ? []
      : [{ text: `Not measured or not configured: ${unseen.map(({ what }) => what).join('; ')}`, events: [] }]),
  ];
}

function renderLessons(record: RunRecord, data: ReportData, history: History): string {
  const lessons = adviceFor(history.pitfalls);
  if (lessons.length === 0) return renderOnlyLesson(record, data);
  return lessons
    .map(
      ({ lesson, why, pitfall }, index) =>
        `### Lesson ${index + 1}\n- **Lesson**: ${lesson}\n- **Why it matters**: ${why}\n- **Example**: ${exampleOf(record, data, pitfall)}${cite(evidenceOf(record, pitfall))}`,
    )
    .join('\n\n');
}

function renderOnlyLesson(record: RunRecord, data: ReportData): string {
  const example = `- **Example**: ${asSentence(data.verdict.sentence)}${cite([...data.verdict.events, ...lastSeq(record, 'run_ended')])}`;
  if (record.outcome !== 'succeeded')
    return `### Lesson 1\n- **Lesson**: ${reviewPlaceholder}\n- **Why it matters**: ${reviewPlaceholder}\n${example}`;
  return `### Lesson 1\n- **Lesson**: What was planned is what happened; keep it so.\n- **Why it matters**: A deploy without findings shows which steps can be relied on.\n${example}`;
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

function renderImprovements(history: History): string {
  const advice = adviceFor(history.pitfalls);
  const order = `Documents in order of priority: ${Object.values(documents)
    .map((document) => `\`${document}\``)
    .join(', ')}.`;
  if (advice.length === 0) return `- No change of a document follows from the record.\n- ${order}`;
  const items = advice.map(
    ({ pitfall, document, section, wording }, index) =>
      `### ${index + 1}. \`${document}\`\n- **Section**: “${section}” (new when it is not there)\n- **Finding**: ${pitfall}\n- **Wording, ready to paste**:\n\n  \`\`\`markdown\n  ${wording}\n  \`\`\``,
  );
  return `${items.join('\n\n')}\n\n- ${order}`;
}

function renderOverall(record: RunRecord, data: ReportData, history: History): string {
  const advice = adviceFor(history.pitfalls);
  const rating = suggestRating(history);
  const end = cite(lastSeq(record, 'run_ended'));
  const actions = advice.slice(0, 3).map(({ action }) => action);
  const flags = advice.map(({ pitfall, flag }) => `${pitfall}: add to “${flag}”`);
  return [
    `### Rating\n- Rating: ${rating.value}/10\n- Suggested by: ${rating.formula}${end}\n- Why: ${asSentence(data.title.reason)}${end}`,
    `### Actions before the next deployment\n${bullets(actions.length === 0 ? ['Answer what stands under “Assumptions and documentation shortfalls” by evidence.'] : actions)}`,
    `### Flags\n${bullets(flags.length === 0 ? [`Nothing to add to “common deployment pitfalls” or “pre-deployment checklist”; ${plural(data.couldNotVerify.length, 'point')} could not be verified.`] : flags)}`,
  ].join('\n\n');
}
