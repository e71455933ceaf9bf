import type { CheckResult } from '../model/check.ts';
import { quoteUntrusted } from './format.ts';

const statuses = ['passed', 'failed', 'skipped', 'unknown'] as const;

/**
 * Answers of checks (pre-flight, smoke tests) for people and agents: counts, then what stops or is not known with its remedy. What was not asked is folded
 * into one line unless `detail` is full. Pure.
 */
export function renderChecks(results: readonly CheckResult[], options: { detail?: 'concise' | 'full' } = {}): string {
  const full = options.detail === 'full';
  const of = (status: CheckResult['status']): CheckResult[] => results.filter((result) => result.status === status);
  const stopping = results.filter(
    (result) => result.blocking && (result.status === 'failed' || result.status === 'unknown'),
  );
  const counts = statuses.map((status) => `${of(status).length} ${status}`).join(', ');
  const lines = [
    `Checks: ${counts}; ${stopping.length === 0 ? 'none of them stops it' : `BLOCKED by ${stopping.length}`}`,
  ];
  const open = [...of('failed'), ...of('unknown')].sort((a, b) => Number(b.blocking) - Number(a.blocking));
  for (const result of open) lines.push(...describe(result));
  const flaky = of('passed').filter((result) => result.attempts > 1);
  for (const result of flaky) lines.push(`~ ${result.title}: passed only at attempt ${result.attempts} [${result.id}]`);
  if (full) {
    for (const result of of('skipped')) lines.push(...describe(result));
    for (const result of of('passed')) lines.push(`✓ ${result.title}: ${quoteUntrusted(result.reason)} [${result.id}]`);
  } else if (of('skipped').length > 0) {
    lines.push(
      `- not asked (${of('skipped').length}): ${of('skipped')
        .map((result) => result.id)
        .join(', ')}`,
    );
  }
  return lines.join('\n');
}

const marks = { passed: '✓', failed: '✗', unknown: '?', skipped: '-' } as const;

function describe(result: CheckResult): string[] {
  const weight =
    result.status === 'skipped' ? 'not asked' : `${result.status}${result.blocking ? ', stops' : ', does not stop'}`;
  return [
    `${marks[result.status]} ${result.title} (${weight}): ${quoteUntrusted(result.reason)} [${result.id}]`,
    ...(result.remedy === null ? [] : [`  → ${result.remedy}`]),
  ];
}
