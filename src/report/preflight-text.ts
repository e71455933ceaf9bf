import type { CheckResult } from '../model/check.ts';
import { quoteUntrusted } from './format.ts';

const statuses = ['passed', 'failed', 'skipped', 'unknown'] as const;

/**
 * Answers of checks (pre-flight, smoke tests) for people and agents: counts, then what stops or is not known with its remedy. What was not asked is folded
 * into one line unless `detail` is full. Checks that are `required` stop unless they passed. Pure.
 */
export function renderChecks(
  results: readonly CheckResult[],
  options: { detail?: 'concise' | 'full'; required?: readonly string[] } = {},
): string {
  const full = options.detail === 'full';
  const required = new Set(options.required);
  const stops = (result: CheckResult): boolean =>
    required.has(result.id)
      ? result.status !== 'passed'
      : result.blocking && (result.status === 'failed' || result.status === 'unknown');
  const of = (status: CheckResult['status']): CheckResult[] => results.filter((result) => result.status === status);
  const stopping = results.filter(stops);
  const skipped = of('skipped').filter((result) => !stops(result));
  const counts = statuses.map((status) => `${of(status).length} ${status}`).join(', ');
  const lines = [
    `Checks: ${counts}; ${stopping.length === 0 ? 'none of them stops it' : `BLOCKED by ${stopping.length}`}`,
  ];
  const open = [...of('failed'), ...of('unknown'), ...of('skipped').filter(stops)].sort(
    (a, b) => Number(stops(b)) - Number(stops(a)),
  );
  for (const result of open) lines.push(...describe(result, stops(result)));
  const flaky = of('passed').filter((result) => result.attempts > 1);
  for (const result of flaky) lines.push(`~ ${result.title}: passed only at attempt ${result.attempts} [${result.id}]`);
  if (full) {
    for (const result of skipped) lines.push(...describe(result, false));
    for (const result of of('passed')) lines.push(`✓ ${result.title}: ${quoteUntrusted(result.reason)} [${result.id}]`);
  } else if (skipped.length > 0) {
    lines.push(`- not asked (${skipped.length}): ${skipped.map((result) => result.id).join(', ')}`);
  }
  return lines.join('\n');
}

const marks = { passed: '✓', failed: '✗', unknown: '?', skipped: '-' } as const;

function describe(result: CheckResult, stops: boolean): string[] {
  const asked = result.status === 'skipped' ? 'not asked' : result.status;
  const weight = result.status === 'skipped' && !stops ? asked : `${asked}${stops ? ', stops' : ', does not stop'}`;
  return [
    // What stops is told whole: its reason may name the runs that made it a gate.
    `${marks[result.status]} ${result.title} (${weight}): ${quoteUntrusted(result.reason, stops ? 500 : 200)} [${result.id}]`,
    ...(result.remedy === null ? [] : [`  → ${result.remedy}`]),
  ];
}
