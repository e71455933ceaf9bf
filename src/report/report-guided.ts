import { focusOf, type Guided } from '../model/guidance.ts';
import type { RunRecord } from '../model/run-record.ts';
import { firstSeq, verdictSeq } from './record-events.ts';
import type { ReportData, Statement } from './report-schema.ts';

/** What was asked for in words, and what became of everything that it changed; null where nothing was said. Pure. */
export function buildGuided(record: RunRecord): ReportData['guided'] {
  const { guidance, guided } = record.plan.content;
  if (guided === undefined) return null;
  return {
    guidance,
    answers: guided.answers.map(({ id, question, answer, changes }) => ({ id, question, answer, changes })),
    foci: guided.foci.map(({ focus, words }) => `${focusOf(focus).title}, because of ${words.join(', ')}`),
    changes: guided.changes,
    checks: guided.checks.map((demand) => answerOf(record, demand)),
    reviewers: reviewLines(record, guided),
    verdicts: guided.foci.some(({ focus }) => focusOf(focus).provesLatency) ? speedVerdicts(record) : [],
  };
}

function answerOf(record: RunRecord, { id, because }: Guided['checks'][number]): Statement {
  const check = record.preflight?.checks.find((one) => one.id === id);
  const override = record.overrides.find(({ gate }) => gate === id);
  const answer = check === undefined ? 'not asked' : `${check.status}: ${check.reason}`;
  const passed = override === undefined ? '' : `; OVERRIDDEN by ${override.by}, because: ${override.reason}`;
  return {
    text: `${check?.title ?? id} (${because.join(', ')}): ${answer}${passed}`,
    events: check === undefined ? [] : firstSeq(record, 'preflight_completed'),
  };
}

/** Roles are verified when a run starts; the record keeps who signed. */
function reviewLines(record: RunRecord, { reviewers }: Guided): Statement[] {
  const given = record.approvals.filter(({ scope }) => scope === 'start');
  const events = record.events.flatMap((event) =>
    event.type === 'approval_consumed' && event.data.scope === 'start' ? [event.seq] : [],
  );
  const signed = given.map(({ by }) => by).join(', ') || 'nobody on record';
  return reviewers.map(({ reviewer, who, required, reason }) => ({
    text: `${reviewer}${who === null ? '' : ` (${who})`}: ${required ? `required; the start was signed by ${signed}` : reason}`,
    events: required ? events : [],
  }));
}

function speedVerdicts(record: RunRecord): Statement[] {
  const found = record.verdicts.filter(({ metric }) => /^(?:slo:)?latency|^throughput$/.test(metric));
  if (found.length === 0) return [{ text: 'no verdict about latency or throughput is on record', events: [] }];
  return found.map(({ metric, outcome, sentence }) => ({
    text: `${metric}: ${outcome}; ${sentence}`,
    events: verdictSeq(record, metric),
  }));
}
