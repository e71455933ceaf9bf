import type { CheckFinding, CheckResult } from '../../model/check.ts';
import type { Clock } from '../../model/clock.ts';
import type { SmokeSpec } from '../../model/config/smoke.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import { checkResult } from '../check-result.ts';
import { runCommandAttempt } from './command-attempt.ts';
import { runHttpAttempt } from './http-attempt.ts';
import type { SmokeScene } from './smoke-scene.ts';

export type SmokePlace = 'candidate' | 'environment' | 'rollback';

export type SmokeRequest = Omit<SmokeScene, 'baseUrl'> & {
  smoke: readonly SmokeSpec[];
  /** `rollback`: the checks meant for the environment, with the version that is stable again. */
  on: SmokePlace;
  /** Where to ask; null when the place cannot be addressed, which makes every check unknown. */
  baseUrl: string | null;
  clock: Clock;
};

/**
 * Runs the checks meant for this place one after another, so that what they write does not meet. Each is tried as often as
 * configured; a pass that needed more than one attempt says so. No check at all is one `skipped` result, not a pass.
 */
export async function runSmoke(request: SmokeRequest): Promise<CheckResult[]> {
  const place = request.on === 'candidate' ? 'candidate' : 'environment';
  const chosen = request.smoke.filter((spec) => spec.on.includes(place));
  if (chosen.length === 0) return [noneConfigured(request, place)];
  const results: CheckResult[] = [];
  const ids = smokeIds(request.smoke);
  for (const spec of chosen) {
    const startedMs = request.clock.monotonic();
    const finding = await findWithAttempts(spec, request);
    const head = { id: ids.get(spec) ?? 'smoke', title: spec.name, category: spec.category, blocking: true };
    results.push(checkResult(head, finding, request.clock.monotonic() - startedMs));
  }
  return results;
}

function noneConfigured({ smoke, on }: SmokeRequest, place: string): CheckResult {
  const head = { id: 'smoke-none', title: 'Smoke checks', category: 'api', blocking: true };
  const reason =
    smoke.length === 0
      ? 'no smoke check is configured'
      : `none of ${smoke.length} smoke checks is meant for the ${place}`;
  const remedy = `smoke: [{ name: home page, on: [${place}], request: { path: / } }]`;
  return checkResult(head, { status: 'skipped', reason: `${on}: ${reason}`, remedy }, 0);
}

/** `smoke-checkout-works`; the same name twice gets a number. */
function smokeIds(smoke: readonly SmokeSpec[]): Map<SmokeSpec, string> {
  const used = new Set<string>();
  const ids = new Map<SmokeSpec, string>();
  for (const spec of smoke) {
    const words = spec.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60);
    const stem = `smoke-${words === '' ? 'check' : words}`;
    let id = stem;
    for (let number = 2; used.has(id); number++) id = `${stem}-${number}`;
    used.add(id);
    ids.set(spec, id);
  }
  return ids;
}

async function findWithAttempts(spec: SmokeSpec, request: SmokeRequest): Promise<CheckFinding> {
  const { baseUrl } = request;
  if (baseUrl === null) return { status: 'unknown', reason: `the ${request.on} has no address of its own` };
  let last: CheckFinding = { status: 'unknown', reason: 'cancelled' };
  let firstProblem: string | null = null;
  for (let attempt = 1; attempt <= spec.attempts; attempt++) {
    if (request.signal.aborted)
      return { ...last, status: 'unknown', reason: 'cancelled', attempts: Math.max(1, attempt - 1) };
    last = { ...(await attemptSafely(spec, { ...request, baseUrl })), attempts: attempt };
    if (last.status === 'passed')
      return firstProblem === null ? last : flaky(last, { attempt, of: spec.attempts, firstProblem });
    firstProblem ??= last.reason;
    if (attempt < spec.attempts) await request.clock.sleep(spec.pause, request.signal);
  }
  return spec.attempts === 1 ? last : { ...last, reason: `${last.reason} (after ${spec.attempts} attempts)` };
}

function flaky(finding: CheckFinding, how: { attempt: number; of: number; firstProblem: string }): CheckFinding {
  return {
    ...finding,
    reason: `flaky: passed at attempt ${how.attempt} of ${how.of}`,
    evidence: { ...finding.evidence, firstProblem: how.firstProblem },
  };
}

async function attemptSafely(spec: SmokeSpec, scene: SmokeScene): Promise<CheckFinding> {
  try {
    return 'request' in spec ? await runHttpAttempt(spec, scene) : await runCommandAttempt(spec, scene);
  } catch (thrown) {
    const error = toDeployError(thrown);
    return { status: 'unknown', reason: error.message, remedy: error.remedy };
  }
}
