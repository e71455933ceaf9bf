import { z } from 'zod';
import { approvalLevel } from '../model/approval-level.ts';
import { approveFlags } from '../model/approve-command.ts';
import { DeployError } from '../model/deploy-error.ts';
import { exitCode } from '../model/error-catalogue.ts';
import { printable } from '../model/printable.ts';
import { contradictions, readWords, wrongArguments } from '../operations/guided/read-request.ts';
import { type Answer, answerOfRun } from './answer.ts';
import { askTrust } from './ask-person.ts';
import { renderCommandLine } from './command-line.ts';
import { followRun, placeOfRun, renderDetached, runCommands } from './follow-run.ts';
import {
  assertInput,
  findOperation,
  type Planned,
  parsePlanned,
  parseStarted,
  runOperation,
} from './operation-calls.ts';
import type { Session } from './session.ts';

export type ShipRequest = {
  /** Version, environment and strategy in any order, as they were typed. */
  words: readonly string[];
  environment: string | undefined;
  strategy: string | undefined;
  guidance: string | undefined;
  interactive: boolean;
  dryRun: boolean;
  yes: boolean;
};

/**
 * Pre-flight, plan, approval, start, and the run to its end, in one command. Nothing is done here that the operations do
 * not do. Throws DeployError.
 */
export async function ship(request: ShipRequest, session: Session): Promise<Answer> {
  const asked = await readWanted(request, session);
  // Checks take minutes; a mistyped flag should not.
  assertInput(findOperation(session.operations, 'rollout_plan'), asked);
  if (!request.yes) await askTrust(session);
  const wanted = request.interactive ? { ...asked, answers: await askSix(asked, session) } : asked;
  const preflight = await call(session, 'preflight', accepted(session, 'preflight', wanted));
  if (preflight.exitCode !== undefined && preflight.exitCode !== exitCode.ok) {
    return { data: preflight.data, text: preflight.text, exitCode: preflight.exitCode };
  }
  say(session, preflight.text);
  const plan = await call(session, 'rollout_plan', request.dryRun ? { ...wanted, quiet: true } : wanted);
  const planned = parsePlanned(plan.data);
  if (request.dryRun) {
    return {
      data: { dryRun: true, planId: planned.planId, plan: planned.plan },
      text: `${plan.text}\n\nDry run: nothing was started.`,
      exitCode: exitCode.ok,
    };
  }
  say(session, plan.text);
  await approve(planned, request.yes, session);
  const started = await call(session, 'rollout_start', { plan_id: planned.planId });
  return followToEnd(parseStarted(started.data).runId, session);
}

type Wanted = { version: string; environment?: string; strategy?: string; guidance?: string };

/** Words and flags as one request; several words are sorted by what they are, and it is said how. Throws INPUT_INVALID. */
async function readWanted(request: ShipRequest, session: Session): Promise<Wanted> {
  const words = request.words.map((text) => ({ text, quoted: true }));
  const line = await readWords(words, session.context.projectDirectory);
  const flags = { environment: request.environment, strategy: request.strategy, guidance: request.guidance };
  const mistakes = contradictions(flags, line);
  const { version } = line;
  if (version === undefined) mistakes.push('the version is missing, such as 1.4.0');
  if (mistakes.length > 0 || version === undefined) throw wrongArguments(mistakes);
  const environment = request.environment ?? line.environment;
  const strategy = request.strategy ?? line.strategy;
  const wanted = {
    version,
    ...(environment === undefined ? {} : { environment }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(request.guidance === undefined ? {} : { guidance: request.guidance }),
  };
  if (request.words.length > 1) say(session, renderUnderstood({ ...wanted, interactive: request.interactive }));
  return wanted;
}

function renderUnderstood({
  version,
  environment,
  strategy,
  guidance,
  interactive,
}: Wanted & { interactive: boolean }): string {
  return [
    `Understood: version ${version}`,
    `environment ${environment ?? 'not said: the default'}`,
    `strategy ${strategy ?? 'not said: the configured one'}`,
    guidance === undefined ? 'no guidance' : `guidance ${JSON.stringify(guidance)}`,
    interactive ? 'interactive' : 'not interactive',
  ].join('; ');
}

/** The answers of the person at this terminal; the plan asks the last question. Throws INTERACTIVE_NEEDS_TERMINAL, CANCELLED. */
async function askSix({ environment }: Wanted, session: Session): Promise<Record<string, string>> {
  const { data } = await call(session, 'plan_questions', {
    ask: true,
    ...(environment === undefined ? {} : { environment }),
  });
  return answeredSchema.parse(data).answers;
}

const answeredSchema = z.looseObject({ answers: z.record(z.string(), z.string()) });

/** Watches a run until it ends or the person detaches, then says how it ended and where the report lies. */
export async function followToEnd(runId: string | undefined, session: Session): Promise<Answer> {
  const { operations, context, viewer, detach } = session;
  session.detachOnInterrupt();
  const record = await followRun({ operations, runId, context, viewer, detach });
  viewer.close();
  if (record === null || record.status !== 'ended') {
    const place =
      record === null ? { runId: runId ?? '', environment: null, approval: 'none' as const } : placeOfRun(record);
    const commands = runCommands(operations, place);
    return {
      data: { runId: place.runId, detached: true },
      text: renderDetached(place.runId, commands),
      exitCode: exitCode.detached,
      error: { code: 'DETACHED', message: 'The run goes on.', remedy: commands.follow },
    };
  }
  const report = await reportOf(record.runId, session);
  const line = `${(record.outcome ?? 'unverified').toUpperCase()}: ${record.reason ?? 'no reason recorded'}`;
  return answerOfRun(record, { data: { report: report.path }, text: `${line}\nreport: ${report.shown}` });
}

/** Digits of a planId that people type. */
const shortIdLength = 12;

async function approve(planned: Planned, yes: boolean, session: Session): Promise<void> {
  const { terminal } = session.io;
  const shortId = planned.planId.slice(0, shortIdLength);
  const needsPerson = planned.approval !== 'none';
  const required = (how: string, remedy: string): DeployError =>
    new DeployError('APPROVAL_REQUIRED', { planId: shortId, how, remedy });
  if (!needsPerson && yes) return;
  const approveLine = `${renderCommandLine(findOperation(session.operations, 'rollout_approve'), {
    plan_id: shortId,
    scope: 'start',
  })}${approveFlags(planned.approval)}`;
  const startLine = renderCommandLine(findOperation(session.operations, 'rollout_start'), { plan_id: shortId });
  if (needsPerson && yes) {
    throw required(
      `${planned.approval}; --yes does not count here`,
      `In a terminal: \`${approveLine}\`, then \`${startLine}\`.`,
    );
  }
  if (!terminal.isInteractive) {
    const remedy = needsPerson
      ? `In a terminal: \`${approveLine}\`, then \`${startLine}\`.`
      : 'Add --yes, or run it in a terminal.';
    throw required(
      needsPerson
        ? 'nobody can answer at this terminal'
        : 'nobody is asked, but a ship without a terminal must say --yes',
      remedy,
    );
  }
  if (!needsPerson) return confirm(session);
  if (approvalLevel(planned.approval) > approvalLevel('terminal'))
    throw required(
      `${planned.approval}; a code that is typed here does not count`,
      `\`${approveLine}\`, then \`${startLine}\`.`,
    );
  const typed = await ask(
    session,
    `A person approves this plan by typing its code, ${planned.shortCode}; anything else stops: `,
  );
  if (typed.toLowerCase() !== planned.shortCode.toLowerCase()) {
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'the code that was typed is not the code of this plan.',
      remedy: 'Nothing was started. Read the plan again before approving it.',
    });
  }
  say(
    session,
    (await call(session, 'rollout_approve', { plan_id: planned.planId, scope: 'start', code: planned.shortCode })).text,
  );
}

async function confirm(session: Session): Promise<void> {
  const typed = await ask(session, 'Start this? [y/N] ');
  if (!/^y(es)?$/i.test(typed)) throw new DeployError('CANCELLED', { what: 'The start' });
}

async function ask(session: Session, question: string): Promise<string> {
  const typed = await session.io.ask(question, session.context.signal);
  if (typed === null) throw new DeployError('CANCELLED', { what: 'The start' });
  return typed.trim();
}

function call(session: Session, name: string, given: Record<string, unknown>): ReturnType<typeof runOperation> {
  return runOperation(findOperation(session.operations, name), given, session.context);
}

/** Pre-flight may not care for a strategy; what it does not know is not sent. */
function accepted(session: Session, name: string, given: Record<string, unknown>): Record<string, unknown> {
  const known = Object.keys(findOperation(session.operations, name).input.shape);
  return Object.fromEntries(Object.entries(given).filter(([field]) => known.includes(field)));
}

/** What a person reads on the way; with `--json` it goes to stderr. */
function say(session: Session, text: string): void {
  const write = session.json ? session.io.writeError : session.io.writeOut;
  if (text !== '') write(`${printable(text)}\n\n`);
}

const reportSchema = z.looseObject({ path: z.string() });

/** The report is no part of the outcome: when it cannot be had, the command that makes it is named. */
async function reportOf(runId: string, session: Session): Promise<{ path: string | null; shown: string }> {
  const operation = session.operations.find((candidate) => candidate.name === 'deploy_report');
  const command = renderCommandLine(operation, { run_id: runId });
  if (operation === undefined) return { path: null, shown: command };
  try {
    const parsed = reportSchema.safeParse((await runOperation(operation, { run_id: runId }, session.context)).data);
    return parsed.success ? { path: parsed.data.path, shown: parsed.data.path } : { path: null, shown: command };
  } catch {
    return { path: null, shown: command };
  }
}
