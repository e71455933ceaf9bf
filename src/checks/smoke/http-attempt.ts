import type { CheckFinding } from '../../model/check.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { probeHeader } from '../../model/traffic.ts';
import { cleanExcerpt } from '../../system/excerpt.ts';
import { type HttpAnswer, httpRequest } from '../../system/http.ts';
import { wasNotSent } from '../../system/not-sent.ts';
import { findProblems } from './expectations.ts';
import type { HttpSmokeSpec, SmokeScene } from './smoke-scene.ts';

/** Asks once and compares everything that was configured. An answer that does not come is a failure of the service. */
export async function runHttpAttempt(spec: HttpSmokeSpec, scene: SmokeScene): Promise<CheckFinding> {
  const { method, path, headers, body } = spec.request;
  const remedy = `Try it by hand: ${method} ${path}`;
  try {
    const answer = await httpRequest({
      url: `${scene.baseUrl.replace(/\/$/, '')}${path}`,
      method,
      headers: { [probeHeader]: '1', ...headers },
      ...(body === undefined ? {} : { body }),
      timeoutMs: spec.timeout,
      signal: scene.signal,
    });
    const problems = findProblems(spec.expect, answer, scene.version);
    const evidence = describeAnswer(answer);
    if (problems.length > 0) return { status: 'failed', reason: problems.join('; '), evidence, remedy };
    return { status: 'passed', reason: `${method} ${path} answers ${answer.status} in ${evidence.ms} ms`, evidence };
  } catch (thrown) {
    if (!(thrown instanceof DeployError)) throw thrown;
    const status = scene.signal.aborted || wasNotSent(thrown) ? 'unknown' : 'failed';
    return { status, reason: thrown.message, evidence: { code: thrown.code }, remedy };
  }
}

function describeAnswer(answer: HttpAnswer): { status: number; ms: number; excerpt: string } {
  return { status: answer.status, ms: Math.round(answer.durationMs), excerpt: cleanExcerpt(answer.body) };
}
