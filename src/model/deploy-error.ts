import { type ErrorCode, errorCatalogue, exitCode } from './error-catalogue.ts';

export type ErrorDetails = Readonly<Record<string, string | number>>;

/** The one error that crosses folders: a code of the catalogue, what is wrong, and what to do. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly retryable: boolean;
  readonly exitCode: number;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, cause?: unknown) {
    const known = errorCatalogue[code];
    super(fill(known.message, details), cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = fill(known.remedy, { remedy: known.usualRemedy, ...details });
    this.retryable = known.retryable;
    this.exitCode = known.exit;
    this.details = details;
  }
}

/** Any thrown value as a DeployError; what is not one becomes INTERNAL with its message. */
export function toDeployError(thrown: unknown): DeployError {
  if (thrown instanceof DeployError) return thrown;
  return new DeployError('INTERNAL', { reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
}

/** The error of a code that another process told; null when this build does not know the code. */
export function errorOfCode(code: string, details: ErrorDetails): DeployError | null {
  return isErrorCode(code) ? new DeployError(code, details) : null;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** Exit code for a finished run. */
export function exitCodeOfOutcome(outcome: string): number {
  const codes: Record<string, number> = {
    succeeded: exitCode.ok,
    unverified: exitCode.unverified,
    rolled_back: exitCode.rolledBack,
    failed: exitCode.failed,
    aborted: exitCode.aborted,
    rollback_failed: exitCode.rollbackFailed,
  };
  return codes[outcome] ?? exitCode.internal;
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => String(details[key] ?? whole));
}
