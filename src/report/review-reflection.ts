import type { RunRecord } from '../model/run-record.ts';
import { renderMs, renderStep } from '../model/step.ts';
import { unsupported } from './check-claim.ts';
import { asSentence, plainLine, plural } from './format.ts';
import { eventsOf, firstSeq, holdEvents, lastSeq, stepEvents } from './record-events.ts';
import { describeExposure, evidenceOf } from './report-findings.ts';
import type { ReportData } from './report-schema.ts';
import { bullets } from './report-sections.ts';
import { reflectionHeadings, reviewPlaceholder } from './review-headings.ts';
import type { DocumentChange } from './review-improvements.ts';

/** One thing that the record says, and where it says so; without events the end of the run stands for the whole of it. */
type Finding = { text: string; events: readonly number[] };
type Told = { record: RunRecord; data: ReportData; changes: readonly DocumentChange[] };

/**
 * Step 1 of the review: what the seed asks to look back at, told from the record alone. Every line cites its events; what
 * only people know is left to complete. Pure.
 */
export function renderReflection(told: Told): string {
  const { record } = told;
  const sections: ReadonlyArray<[heading: string, findings: Finding[], open: string | null]> = [
    [reflectionHeadings[0], issues(told), null],
    [reflectionHeadings[1], gaps(told), null],
    [reflectionHeadings[2], production(told), null],
    [reflectionHeadings[3], friction(told), 'Coordination and questions outside of the record'],
    [reflectionHeadings[4], told.data.lessons.wentWell, null],
    [reflectionHeadings[5], assumptions(told), 'Assumptions that production proved wrong'],
  ];
  return sections
    .map(([heading, findings, open]) => {
      const lines = findings.length === 0 ? [none('Nothing on record')] : findings;
      const asked = open === null ? '' : `\n- **${open}**: ${reviewPlaceholder} (opinion)`;
      return `### ${heading}\n${bullets(lines.map((line) => `${asSentence(line.text)}${citeAll(line.events, record)}`))}${asked}`;
    })
    .join('\n\n');
}

/** All of the events, so that each number can be found; the end of the run when there is none. Pure. */
export function citeAll(events: readonly number[], record: RunRecord): string {
  const end = record.outcome === null ? firstSeq(record, 'run_started') : lastSeq(record, 'run_ended');
  const unique = [...new Set(events.length > 0 ? events : end)].sort((one, other) => one - other);
  return unique.length === 0 ? '' : ` (${unique.map((seq) => `#${seq}`).join(', ')})`;
}

function none(text: string): Finding {
  return { text, events: [] };
}

function issues({ record, data }: Told): Finding[] {
  const { rollback } = record;
  const errors = eventsOf(record, 'step_failed').map((event) => ({
    text: `**Error**: ${asSentence(plainLine(event.data.error.message))}`,
    events: [event.seq],
  }));
  const others = data.issues
    .filter((issue) => !issue.title.startsWith('Held: '))
    .map((issue) => ({
      text: `**${issue.severity}**: ${asSentence(issue.title)} ${asSentence(issue.resolution)}`,
      events: [...issue.events, ...lastSeq(record, 'traffic_restored')],
    }));
  const found = [
    ...errors,
    ...others,
    ...(rollback === null
      ? []
      : [
          {
            text: `**Rollback**: for ${rollback.trigger}; ${rollback.trafficRestoredAfterMs === null ? 'it is not known when users were off the candidate' : `users were off the candidate ${renderMs(rollback.trafficRestoredAfterMs)} after the decision`}`,
            events: [...firstSeq(record, 'rollback_started'), ...lastSeq(record, 'traffic_restored')],
          },
        ]),
    ...heldTimes(record),
    ...delays(record),
    ...unexpected(record),
  ];
  return [...found, ...absent(found)];
}

/** What was looked for and is not there, so that nobody takes silence for an answer. */
function absent(found: readonly Finding[]): Finding[] {
  const labels = ['Error', 'Rollback', 'Held', 'Delay', 'Unexpected'];
  const missing = labels.filter((label) => !found.some(({ text }) => text.startsWith(`**${label}**`)));
  return missing.length === 0
    ? []
    : [none(`None on record: ${missing.map((label) => label.toLowerCase()).join(', ')}`)];
}

function heldTimes(record: RunRecord): Finding[] {
  return record.holds.map((hold) => ({
    text: `**Held**: ${hold.toMs === null ? 'to the end' : renderMs(hold.toMs - hold.fromMs)}${hold.gate === null ? '' : ', at a gate of the plan'}: ${plainLine(hold.reason)}`,
    events: holdEvents(record, hold),
  }));
}

/** Watches that took much longer than the plan asks for: more than half as much again. */
function delays(record: RunRecord): Finding[] {
  return record.steps.flatMap((progress) => {
    const { step, startedAtMs, endedAtMs } = progress;
    if (step.kind !== 'bake' || startedAtMs === null || endedAtMs === null) return [];
    const tookMs = endedAtMs - startedAtMs;
    if (tookMs <= step.minMs * 1.5) return [];
    return [
      {
        text: `**Delay**: the watch at ${step.weightPercent} % took ${renderMs(tookMs)}, and ${renderMs(step.minMs)} were planned`,
        events: stepEvents(record, progress),
      },
    ];
  });
}

/** Ends of instances that nobody had asked for. */
function unexpected(record: RunRecord): Finding[] {
  return record.instances
    .filter((event) => ['exited', 'oom', 'unhealthy', 'gave_up'].includes(event.what))
    .slice(0, 5)
    .map((event) => ({
      text: `**Unexpected**: instance ${event.instanceId} of ${event.revisionId} ${event.what === 'exited' ? `exited${event.code === null ? '' : ` with code ${event.code}`}` : `was seen ${event.what.replace('_', ' ')}`}`,
      events: [event.seq],
    }));
}

function gaps({ record, data }: Told): Finding[] {
  const { checks, events } = data.preflight;
  const open = checks.filter((check) => check.status === 'failed' || check.status === 'unknown');
  const skipped = checks.filter((check) => check.status === 'skipped');
  return [
    ...open.map((check) => ({ text: `**${check.status}**: ${check.title}: ${check.reason}`, events })),
    ...(skipped.length === 0
      ? []
      : [{ text: `**Skipped gates**: ${skipped.map((check) => check.title).join('; ')}`, events }]),
    ...overridden(record),
  ];
}

/** Gates that were passed by decision: a person's, or that of the configuration. */
function overridden(record: RunRecord): Finding[] {
  return record.decisions
    .filter(({ decision }) => decision.action === 'advance' && ['person', 'unproven'].includes(decision.trigger ?? ''))
    .map(({ seq, decision }) => ({ text: `**Overridden gate**: ${plainLine(decision.reason)}`, events: [seq] }));
}

function production({ record, data }: Told): Finding[] {
  const ends = record.instances.filter((event) => ['exited', 'oom', 'gave_up'].includes(event.what));
  const unjudged = data.slo
    .filter((measure) => measure.status === 'UNVERIFIED')
    .map((measure) => measure.name.replace(' (p99)', ''));
  return [
    {
      text: `**Stability**: no instance was expected to end by itself; ${ends.length === 0 ? 'none did' : `${plural(ends.length, 'end')} of instances ${ends.length === 1 ? 'was' : 'were'} seen`}`,
      events: ends.map((event) => event.seq),
    },
    ...data.verdict.verdicts.map((one) => ({
      text: `**Performance**: ${one.metric}: ${one.outcome}; ${one.sentence}`,
      events: one.events,
    })),
    {
      text:
        unjudged.length === 0
          ? '**Observability**: a verdict was expected on every service level, and was made'
          : `**Observability**: a verdict was expected on every service level; none was made on ${unjudged.join(', ')}`,
      events: [],
    },
    {
      text: `**User impact**: ${describeExposure(data.exposure)}`,
      events: data.exposure.events,
    },
    { text: `**Outcome**: ${data.verdict.sentence}`, events: data.verdict.events },
  ];
}

function friction({ record }: Told): Finding[] {
  const approvals = eventsOf(record, 'approval_consumed').map((event) => ({
    text: `**Waiting**: ${renderMs(Math.max(0, event.data.givenAtMs - record.plan.createdAtMs))} from the plan to the approval of ${plainLine(event.data.by)}`,
    events: [event.seq],
  }));
  const questions = eventsOf(record, 'held')
    .filter((event) => event.data.gate !== null)
    .map((event) => ({ text: `**Question**: a person was asked at ${event.data.gate ?? ''}`, events: [event.seq] }));
  const manual = record.controls.map((control) => ({
    text: plainLine(
      `**Manual**: ${control.by} asked to ${control.action}${control.reason === null ? '' : ` (${control.reason})`}: ${control.answer}`,
    ),
    events: [control.seq],
  }));
  return [...approvals, ...questions, ...manual, ...retries(record), ...coordination(record), ...risks(record)];
}

function retries(record: RunRecord): Finding[] {
  const steps = eventsOf(record, 'step_started')
    .filter((event) => event.data.attempt > 1)
    .map((event) => ({
      text: `**Retry**: ${renderStep(event.data.step)}: attempt ${event.data.attempt}`,
      events: [event.seq],
    }));
  const checks = record.smoke.flatMap((round) =>
    round.checks
      .filter((check) => check.attempts > 1)
      .map((check) => ({
        text: `**Retry**: the smoke test ${plainLine(check.title)} needed ${check.attempts} attempts`,
        events: [round.seq],
      })),
  );
  return [...steps, ...checks];
}

function coordination(record: RunRecord): Finding[] {
  const told = eventsOf(record, 'notified');
  if (told.length === 0) return [none('**Coordination**: nobody was notified of the run')];
  return told.map((event) => ({
    text: `**Coordination**: ${event.data.about} by ${event.data.channel}: ${event.data.ok ? 'told' : `not told, ${plainLine(event.data.reason)}`}`,
    events: [event.seq],
  }));
}

function risks(record: RunRecord): Finding[] {
  const { migration, stable } = record.plan.content;
  const events = firstSeq(record, 'run_started');
  return [
    ...(migration === 'none' ? [] : [{ text: `**Risk**: the migration of stored data is ${migration}`, events }]),
    ...(stable === null
      ? [{ text: '**Risk**: nothing served before, so that there was no revision to go back to', events }]
      : []),
  ];
}

/** What was taken for granted; checks without an answer stand under the gaps already. */
function assumptions({ record, data, changes }: Told): Finding[] {
  const asked = new Set(data.preflight.checks.map((check) => check.title));
  const open = data.couldNotVerify.filter(({ what }) => !asked.has(what));
  const seen = open.filter(({ events }) => events.length > 0);
  const unseen = open.filter(({ events }) => events.length === 0).map(({ what }) => what);
  const shortfalls = changes.filter((change) => !change.alreadySaid);
  return [
    ...seen.map(({ what, why, events }) => ({
      // A reason that was added up from many events cannot be held against the few that are named.
      text: `**Assumption**: not verified: ${what}${unsupported(why, events, record).length === 0 ? ` (${why})` : ''}`,
      events,
    })),
    ...(unseen.length === 0
      ? []
      : [{ text: `**Assumption**: not measured or not configured: ${unseen.join('; ')}`, events: [] }]),
    ...shortfalls.map((change) => ({
      text: `**Documentation**: “${change.document}” does not say yet what follows from ${change.pitfall}`,
      events: evidenceOf(record, change.pitfall),
    })),
    ...(shortfalls.length === 0 ? [none('**Documentation**: no shortfall follows from the record')] : []),
  ];
}
