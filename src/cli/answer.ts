import { type DeployError, exitCodeOfOutcome } from '../model/deploy-error.ts';
import { exitCode } from '../model/error-catalogue.ts';
import { printable } from '../model/printable.ts';
import { emitData } from '../model/redaction/emit.ts';
import type { RunRecord } from '../model/run-record.ts';
import { type CliIo, usesColor } from './io.ts';
import { createPalette } from './terminal-text.ts';

/** What a command came to: data for `--json`, text for people, and the exit code. */
export type Answer = {
  data: unknown;
  text: string;
  exitCode: number;
  /** What went wrong, when the exit code is not 0. */
  error?: { code: string; message: string; remedy: string };
  /** `--json` prints the data alone. */
  bare?: boolean;
};

/** Prints an answer and returns its exit code. With `--json` stdout gets one line: one object. */
export function writeAnswer(io: CliIo, answer: Answer, json: boolean): number {
  if (!json) {
    if (answer.text !== '') io.writeOut(`${printable(answer.text)}\n`);
    return answer.exitCode;
  }
  // Before it is text: what a number or a key is must not depend on how it is written.
  const { data, error } = emitData({ data: answer.data, error: answer.error });
  const ok = answer.exitCode === exitCode.ok;
  const wrapped = ok ? { ok, data } : { ok, error: error ?? emitData(errorOfExitCode(answer)), data };
  io.writeOut(`${JSON.stringify(answer.bare === true ? data : wrapped)}\n`);
  return answer.exitCode;
}

/** Prints an error and returns its exit code. */
export function writeError(io: CliIo, error: DeployError, json: boolean): number {
  const { code, message, remedy } = error;
  if (json) {
    io.writeOut(`${JSON.stringify(emitData({ ok: false, error: { code, message, remedy } }))}\n`);
    return error.exitCode;
  }
  const paint = createPalette(usesColor(io));
  io.writeError(
    `${paint(`error ${code}:`, 'red')} ${printable(message)}\n${paint('do:', 'bold')} ${printable(remedy)}\n`,
  );
  return error.exitCode;
}

/** A run that has ended, as an answer: only `succeeded` is a success. Pure. */
export function answerOfRun(record: RunRecord, extra: { data?: Record<string, unknown>; text: string }): Answer {
  const outcome = record.outcome ?? 'unverified';
  const { revision, environment, service } = record.plan.content;
  const data = {
    runId: record.runId,
    outcome,
    service,
    environment,
    version: revision.version,
    reason: record.reason,
    ...extra.data,
  };
  const code = exitCodeOfOutcome(outcome);
  if (code === exitCode.ok) return { data, text: extra.text, exitCode: code };
  const error = record.error ?? {
    code: outcome.toUpperCase(),
    message: record.reason ?? `The run ended as ${outcome}.`,
    remedy: 'Read the report: it has the evidence.',
  };
  return { data, text: extra.text, exitCode: code, error };
}

function errorOfExitCode(answer: Answer): { code: string; message: string; remedy: string } {
  const name = Object.entries(exitCode).find(([, code]) => code === answer.exitCode)?.[0] ?? 'failed';
  const message = printable(answer.text).trim().split('\n')[0] ?? '';
  return { code: name.replace(/([A-Z])/gu, '_$1').toUpperCase(), message, remedy: 'See data.' };
}
