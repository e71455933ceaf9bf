import type { PreflightContext } from '../checks/preflight/context.ts';
import { isFridayOrBeforeHoliday } from '../config/calendar.ts';
import { freezeAt } from '../config/freeze.ts';
import { latencyMetrics } from '../config/latency-metrics.ts';
import { stopOf } from '../journal/emergency-stop.ts';
import { probeTotals } from '../metrics/totals-source.ts';
import type { Clock } from '../model/clock.ts';
import { holdBackOf } from '../model/config/strategy.ts';
import { type DeployError, toDeployError } from '../model/deploy-error.ts';
import type { Revision } from '../model/revision.ts';
import type { TargetState } from '../model/target.ts';
import { probeHeader } from '../model/traffic.ts';
import { duePitfalls } from '../report/learnings/due-pitfalls.ts';
import { type GateStanding, learnedGates } from '../report/learnings/pitfall-standing.ts';
import { httpRequest } from '../system/http.ts';
import { configuredSources } from './configured-sources.ts';
import { probeSampled } from './create-sampled-source.ts';
import { renderStop } from './freeze/stop-error.ts';
import { explanationsOf, loadSources } from './learnings-files.ts';
import { type Place, stableOf } from './place.ts';
import { activeRunOf, pendingReview } from './project-memory.ts';
import { readErrorBudget } from './read-error-budget.ts';
import { resolveRevision } from './resolve-revision.ts';
import { sourceOfHistory } from './source-of-history.ts';

export type PreflightRequest = {
  place: Place;
  version: string;
  strategyKind: string | undefined;
  clock: Clock;
  signal: AbortSignal;
  ownRunId: string | null;
};

/** Looks at everything that the checks ask about; what cannot be read is handed on as the error that it was. */
export async function gatherPreflight({
  place,
  version,
  strategyKind,
  clock,
  signal,
  ownRunId,
}: PreflightRequest): Promise<PreflightContext> {
  const { project, spec, name } = place;
  const { assess } = place.target;
  const now = clock.now();
  const revision = await outcomeOf(resolveRevision(place, version));
  const state = await outcomeOf(place.target.inspect(signal));
  const stable = stableOf(state.value);
  const memory = await loadSources(project);
  const active = await activeRunOf(place);
  const freeze = freezeAt(now, spec.freeze);
  const stop = await stopOf(project.state, name, now);
  return {
    projectDirectory: project.directory,
    environmentName: name,
    environment: spec,
    service: project.config.service,
    version,
    revision: revision.value,
    revisionError: revision.error,
    strategyKind: strategyKind ?? spec.strategy.kind,
    targetState: state.value,
    targetError: state.error,
    assessTarget: assess === undefined ? null : onlyOnce(() => assess(signal)),
    stable,
    firstDeploy: state.value !== null && stable === null,
    activeRun: active === null || active.runId === ownRunId ? null : { runId: active.runId, pid: active.pid },
    freeze: freeze.frozen
      ? { frozen: true, reason: freeze.reason, untilMs: freeze.untilMs }
      : { frozen: false, reason: null, untilMs: null },
    stop: stop === null ? null : { said: renderStop(stop), untilMs: stop.untilMs },
    calendar: calendarOf(place, now),
    history: memory.history,
    setAside: memory.setAside,
    explanations: explanationsOf(memory.notes),
    pendingReview: await pendingReview(project, name),
    pitfalls: duePitfalls(memory).map((due) => ({ ...due, blocking: isGate(due.gate) })),
    learnedGates: learnedGates(memory.catalogue, memory.decisions).filter(({ environments }) =>
      environments.includes(name),
    ),
    metricsProbe: () => probeMetrics({ place, state: state.value, stable, clock, signal }),
    readErrorBudget: onlyOnce(async () =>
      readErrorBudget({ slos: spec.slos, source: sourceOfHistory(place, stable, clock), nowMs: now, signal }),
    ),
    latencyMetrics: latencyMetrics(spec, { compared: keepsBaseline(spec, strategyKind) }),
    repository: project.repository,
    copies: Object.values(project.config.environments).flatMap(({ copies }) => copies ?? []),
    nowMs: now,
    stateDirectory: project.stateRoot,
  };
}

/** Whether something stays on stable through every watch. */
function keepsBaseline({ strategy }: Place['spec'], asked: string | undefined): boolean {
  if ((asked ?? strategy.kind) !== 'canary') return false;
  return strategy.kind !== 'canary' || holdBackOf(strategy) > 0;
}

function calendarOf({ spec }: Place, instantMs: number): PreflightContext['calendar'] {
  const { timezone } = spec.freeze;
  const risk = isFridayOrBeforeHoliday({ instantMs, timezone, holidays: spec.gates.holidays });
  return risk.risky
    ? { fridayOrBeforeHoliday: true, label: risk.reason }
    : { fridayOrBeforeHoliday: false, label: 'an ordinary day' };
}

function isGate({ state }: GateStanding): boolean {
  return state === 'accepted' || state === 'configured';
}

function onlyOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= read();
    return answer;
  };
}

async function outcomeOf<T>(work: Promise<T>): Promise<{ value: T | null; error: DeployError | null }> {
  try {
    return { value: await work, error: null };
  } catch (thrown) {
    return { value: null, error: toDeployError(thrown) };
  }
}

type ProbeRequest = {
  place: Place;
  state: TargetState | null;
  stable: Revision | null;
  clock: Clock;
  signal: AbortSignal;
};
type ProbeAnswer = { ok: boolean; reason: string; evidence: Record<string, string | number> };

/** Whether the configured source would have something to say, asked now rather than found out in the middle of a bake. */
async function probeMetrics(request: ProbeRequest): Promise<ProbeAnswer> {
  const { place, state, stable, signal } = request;
  const { metrics } = place.spec;
  if (stable === null || state === null)
    return {
      ok: true,
      reason: 'nothing serves yet; the source begins with the first revision',
      evidence: { source: metrics.source },
    };
  const sampled = await probeSources(request);
  if (sampled !== null && (!sampled.ok || (metrics.source !== 'proxy' && metrics.source !== 'prober'))) return sampled;
  if (metrics.source === 'prober') return probeOnce({ place, stable, path: metrics.path, signal });
  if (place.target.totals !== undefined) return probeTotals(place.target.totals, stable.id, signal);
  if (place.target.feed === undefined)
    return { ok: false, reason: 'the target has no proxy that counts', evidence: { source: 'proxy' } };
  return readFeed({ feed: place.target.feed, revisionId: stable.id, nowMs: Date.now(), signal });
}

/** Asks the sources that are asked again and again, one after the other; null when there is none. */
async function probeSources({ place, stable, clock, signal }: ProbeRequest): Promise<ProbeAnswer | null> {
  const answers: ProbeAnswer[] = [];
  let asked = { about: '', source: String(place.spec.metrics.source) };
  try {
    const { primary, business } = configuredSources(place, { baseline: stable, canary: null }, clock);
    const named = place.spec.business.map(({ name }) => `business metric ${name}: `);
    for (const [index, spec] of [primary, ...business].entries()) {
      if (spec === null) continue;
      asked = { about: named[index - 1] ?? '', source: spec.source };
      const { reason, evidence } = await probeSampled(spec, signal);
      answers.push({ ok: true, reason: `${asked.about}${reason}`, evidence: { source: spec.source, ...evidence } });
    }
    return answers[0] ?? null;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : toDeployError(thrown).message;
    return { ok: false, reason: `${asked.about}${reason}`, evidence: { source: asked.source } };
  }
}

async function readFeed({
  feed,
  revisionId,
  nowMs,
  signal,
}: {
  feed: NonNullable<Place['target']['feed']>;
  revisionId: string;
  nowMs: number;
  signal: AbortSignal;
}): Promise<ProbeAnswer> {
  const end = new AbortController();
  const sinceMs = nowMs - 60_000;
  try {
    for await (const frame of feed.frames({
      sinceMs,
      signal: AbortSignal.any([signal, end.signal, AbortSignal.timeout(3000)]),
    })) {
      const requests = frame.cells
        .filter((cell) => cell.revisionId === revisionId && cell.stratum === 'user')
        .reduce((sum, cell) => sum + cell.arrivals, 0);
      const evidence = { source: 'proxy', requestsLastMinute: requests };
      return requests > 0
        ? { ok: true, reason: `${requests} requests in the last minute`, evidence }
        : {
            ok: true,
            reason:
              'the proxy answers, but there was no request in the last minute: a verdict will take long; metrics.source: prober makes its own',
            evidence,
          };
    }
    return { ok: false, reason: 'the proxy sent nothing within 3 s', evidence: { source: 'proxy' } };
  } catch (thrown) {
    return { ok: false, reason: toDeployError(thrown).message, evidence: { source: 'proxy' } };
  } finally {
    end.abort();
  }
}

/** One probe of the kind that will decide, to the revision that serves now. */
async function probeOnce({
  place,
  stable,
  path,
  signal,
}: {
  place: Place;
  stable: Revision;
  path: string;
  signal: AbortSignal;
}): Promise<ProbeAnswer> {
  const evidence = { source: 'prober', path };
  try {
    const base = await place.target.candidateUrl(stable.id, signal);
    if (base === null) return { ok: false, reason: 'the stable revision cannot be addressed by itself', evidence };
    const { status } = await httpRequest({
      url: new URL(path, base).href,
      headers: { [probeHeader]: '1' },
      timeoutMs: 5000,
      signal,
    });
    return {
      ok: status < 400,
      reason: `a probe of ${path} was answered with ${status}`,
      evidence: { ...evidence, status },
    };
  } catch (thrown) {
    return { ok: false, reason: toDeployError(thrown).message, evidence };
  }
}
