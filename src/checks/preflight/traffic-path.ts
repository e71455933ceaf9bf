import type { Check, CheckFinding } from '../../model/check.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { probeHeader } from '../../model/traffic.ts';
import { type HttpAnswer, httpRequest } from '../../system/http.ts';
import { wasNotSent } from '../../system/not-sent.ts';
import type { PreflightContext } from './context.ts';
import { failed, failedBy, passed, skipped, unknown, unknownBy } from './finding.ts';

const requests = 5;

/** Blocks: users' own way in must answer before it is changed. Measures what it takes now. */
export const trafficPathCheck: Check<PreflightContext> = {
  id: 'traffic-path',
  title: 'Service answers on the traffic path',
  category: 'target',
  blocking: true,
  run: async (context, signal) => {
    if (context.firstDeploy) return skipped('nothing serves yet');
    if (context.targetState === null) return unknown('the target could not be asked whether anything serves');
    try {
      return judge(await ask(context, signal), healthUrl(context));
    } catch (thrown) {
      if (!(thrown instanceof DeployError)) throw thrown;
      return wasNotSent(thrown) || signal.aborted ? unknownBy(thrown) : failedBy(thrown);
    }
  },
};

function healthUrl({ environment }: PreflightContext): string {
  return `${environment.url.replace(/\/$/, '')}${environment.target.health.path}`;
}

async function ask(context: PreflightContext, signal: AbortSignal): Promise<HttpAnswer[]> {
  const answers: HttpAnswer[] = [];
  for (let count = 0; count < requests; count++) {
    const request = { url: healthUrl(context), timeoutMs: context.environment.target.health.timeout, signal };
    const send = (): Promise<HttpAnswer> =>
      httpRequest({ ...request, headers: { [probeHeader]: '1' }, maxBytes: 1000 });
    // One slow moment of this machine is no outage: only what fails twice in a row has failed.
    answers.push(await send().catch(send));
  }
  return answers;
}

function judge(answers: readonly HttpAnswer[], url: string): CheckFinding {
  const bad = answers.find((answer) => answer.status < 200 || answer.status > 299);
  const times = answers.map((answer) => answer.durationMs).sort((left, right) => left - right);
  const medianMs = Math.round((times[Math.floor(times.length / 2)] ?? 0) * 10) / 10;
  const evidence = { status: (bad ?? answers[0])?.status ?? 0, requests: answers.length, medianMs };
  if (bad !== undefined)
    return failed(`${url} answers ${bad.status}`, 'Bring the service back before shipping.', evidence);
  return passed(`${url} answers 2xx, median ${medianMs} ms`, evidence);
}
