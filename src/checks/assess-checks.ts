import type { CheckResult } from '../model/check.ts';
import { checkResult } from './check-result.ts';

export type Assessment = {
  ok: boolean;
  /** What stops, in the order of the results. */
  blocking: CheckResult[];
  /** One sentence. */
  text: string;
};

/**
 * Whether one may go on: a blocking check that failed or is unknown stops; one named in `required` stops unless it passed,
 * also when it was never asked; no result at all stops. Pure.
 */
export function assessChecks(results: readonly CheckResult[], required: readonly string[]): Assessment {
  const stopping = results.filter((result) => {
    if (required.includes(result.id)) return result.status !== 'passed';
    return result.blocking && (result.status === 'failed' || result.status === 'unknown');
  });
  const missing = required.filter((id) => !results.some((result) => result.id === id)).map(missingResult);
  const blocking = [...stopping, ...missing];
  if (results.length === 0) return { ok: false, blocking, text: 'no check was run, and that proves nothing' };
  if (blocking.length > 0) return { ok: false, blocking, text: blocking.map(renderStop).join('; ') };
  const passed = results.filter((result) => result.status === 'passed').length;
  return { ok: true, blocking, text: `${passed} of ${results.length} checks passed and nothing stops` };
}

function missingResult(id: string): CheckResult {
  const head = { id, title: `Required check ${id}`, category: 'config', blocking: true };
  return checkResult(head, { status: 'unknown', reason: 'gates.require names it, but it was not asked' }, 0);
}

function renderStop(result: CheckResult): string {
  return `${result.title} (${result.status}: ${result.reason})`;
}
