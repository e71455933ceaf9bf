import type { CheckResult } from '../../model/check.ts';
import type { EnvironmentSpec } from '../../model/config/environment.ts';
import type { Plan } from '../../model/plan.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { plainLine } from '../format.ts';

/** What a card is rendered from: the configuration always, a plan, answers of checks and a run where there are some. */
export type CardInput = {
  project: string;
  environment: string;
  spec: EnvironmentSpec;
  plan: Plan | null;
  checks: readonly CheckResult[] | null;
  record: RunRecord | null;
};

/** Title and the lines that every card begins with. Pure. */
export function cardHead(
  title: string,
  { project, environment, plan }: CardInput,
  more: readonly string[] = [],
): string {
  return [
    `# ${title}`,
    '',
    `**Project**: ${project}`,
    `**Environment**: ${environment}`,
    `**Version**: ${plan === null ? 'none chosen' : plan.content.revision.version}`,
    ...(plan === null ? [] : [`**Plan**: ${plan.planId.slice(0, 12)}`]),
    ...more,
  ].join('\n');
}

/** `- [x]` only for what was seen to pass; everything else stays open and says why. Pure. */
export function checkLine(text: string, check: CheckResult | null): string {
  if (check === null) return `- [ ] ${text} (not asked)`;
  return check.status === 'passed'
    ? `- [x] ${text} (${plainLine(check.reason)})`
    : `- [ ] ${text} (${check.status}: ${plainLine(check.reason)})`;
}

/** The answer to one question; null where it was not asked. Pure. */
export function answerTo({ checks }: CardInput, id: string): CheckResult | null {
  return checks?.find((check) => check.id === id) ?? null;
}
