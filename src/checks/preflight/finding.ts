import type { CheckFinding } from '../../model/check.ts';
import type { DeployError } from '../../model/deploy-error.ts';
import type { PreflightContext } from './context.ts';

type Evidence = NonNullable<CheckFinding['evidence']>;

export function passed(reason: string, evidence: Evidence = {}): CheckFinding {
  return { status: 'passed', reason, evidence };
}

export function failed(reason: string, remedy: string, evidence: Evidence = {}): CheckFinding {
  return { status: 'failed', reason, remedy, evidence };
}

/** The question does not arise, or nobody configured an answer. */
export function skipped(reason: string, remedy?: string): CheckFinding {
  return { status: 'skipped', reason, ...(remedy === undefined ? {} : { remedy }) };
}

/** Nobody configured an answer; `line` is what to add below the environment. */
export function notConfigured(context: PreflightContext, line: string): CheckFinding {
  return skipped('not configured', `Add to environments.${context.environmentName}: ${line}`);
}

export function unknown(reason: string, remedy?: string, evidence: Evidence = {}): CheckFinding {
  return { status: 'unknown', reason, evidence, ...(remedy === undefined ? {} : { remedy }) };
}

export function failedBy(error: DeployError): CheckFinding {
  return failed(error.message, error.remedy, { code: error.code });
}

export function unknownBy(error: DeployError): CheckFinding {
  return unknown(error.message, error.remedy, { code: error.code });
}

/** `3 days`, `1 day`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export const dayMs = 86_400_000;
