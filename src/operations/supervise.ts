import { createJudge } from '../analysis/judge.ts';
import { assessChecks } from '../checks/assess-checks.ts';
import { preflightChecks } from '../checks/preflight/list.ts';
import { requireGuided } from '../checks/require-guided.ts';
import { requiredChecks, requireLearned } from '../checks/require-learned.ts';
import { runChecks } from '../checks/run-checks.ts';
import { replayRun } from '../journal/fold-run.ts';
import { readForcedRelease } from '../journal/forced-release.ts';
import { releaseReserve } from '../journal/journal-file.ts';
import { acquireLock, type HeldLock } from '../journal/lock.ts';
import { loadPlan } from '../journal/plan-store.ts';
import type { HeldRemoteLock } from '../journal/remote-lock.ts';
import { assertContinuable, loadRun } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { MetricSource, Stratum } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { RunRecord } from '../model/run-record.ts';
import type { TargetState } from '../model/target.ts';
import type { ArmCounts } from '../model/verdict.ts';
import { describeFired } from '../rollout/dead-man-watch.ts';
import { reconcile } from '../rollout/reconcile.ts';
import { runPlan } from '../rollout/run-plan.ts';
import { signalGroup } from '../system/exec.ts';
import { readJsonFile } from '../system/files.ts';
import { currentIdentity } from '../system/process-identity.ts';
import { overrideGates } from './break-glass.ts';
import { consumeApprovals, findApprovals } from './check-approval.ts';
import { createMetrics, createSynthetic } from './create-metrics.ts';
import { finishRun } from './finish-run.ts';
import { gatherPreflight } from './gather-preflight.ts';
import {
  holdLockBetweenMachines,
  releaseLockBetweenMachines,
  takeLockBetweenMachines,
} from './lock-between-machines.ts';
import { createNotifier } from './notify.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun, type TrustedProject } from './project.ts';
import { awaitMemory, runIsOver } from './project-memory.ts';
import { assertPlanStillHolds } from './recompute-plan.ts';
import { createRolloutPorts } from './rollout-ports.ts';
import { openRunJournal, type RunJournal } from './run-journal.ts';
import { launchWatchdog, startPatienceMs, startRequestSchema, writeStartAnswer } from './start-request.ts';
import { readAuthority } from './trust/read-authority.ts';

/** Longest wait for people to be told after the end of a run, ms. */
const settleMs = 20_000;

/** History of the stable revision that the judge begins with, ms. */
const priorMs = 50_000;

type Owned = {
  place: Place;
  plan: Plan;
  lock: HeldLock;
  machines: HeldRemoteLock | null;
  journal: RunJournal;
  clock: Clock;
  runId: string;
};

/** The life of one run's owner: takes the lock, checks everything again under it, carries the plan out, writes the memory down. */
export async function superviseStart(projectDirectory: string, runId: string, clock: Clock): Promise<void> {
  const folder = runFolder((await locateProject(projectDirectory)).state, runId);
  const owned = await becomeOwner(projectDirectory, runId, clock).catch(async (thrown: unknown) => {
    const error = toDeployError(thrown);
    await writeStartAnswer(folder, { ok: false, code: error.code, details: { ...error.details } });
    throw error;
  });
  if (!(await writeStartAnswer(folder, { ok: true, pid: process.pid }))) return giveUp(owned);
  const watchdog = await launchWatchdog({ directory: projectDirectory }, folder);
  await carryOut(owned, 'forward', '');
  // The run is over and written down: nobody has to watch over it.
  signalGroup(watchdog.pid, 'SIGTERM');
}

/** Whoever asked has been told that it did not start: nothing was changed, and nothing will be. */
async function giveUp({ journal, lock, machines }: Owned): Promise<void> {
  const reason = `it was ready to begin only after ${startPatienceMs / 1000} s, when whoever asked had been told that it did not start`;
  await journal.append({ type: 'run_ended', data: { outcome: 'aborted', reason, error: null } });
  await journal.close();
  await releaseLockBetweenMachines(machines);
  await lock.release();
}

async function becomeOwner(projectDirectory: string, runId: string, clock: Clock): Promise<Owned> {
  const located = await locateProject(projectDirectory);
  const folder = runFolder(located.state, runId);
  const request = await readJsonFile(folder.request, startRequestSchema);
  if (request === null) throw new DeployError('RUN_UNKNOWN', { runId });
  const project = await openProjectOfRun(located, runId);
  await assertAsTrusted(project, request.authority);
  const plan = await loadPlan(project.state, request.planId);
  const lock = await takeLock(openPlace(project, plan.content.environment), runId, clock);
  let machines: HeldRemoteLock | null = null;
  try {
    // Read anew: from here on nobody else changes the target, and what was read before the lock may be old.
    const place = openPlace(await openProjectOfRun(located, runId), plan.content.environment);
    machines = await takeLockBetweenMachines(place, runId, clock);
    // Whoever asked has been told by now that it did not start; then it must not.
    if (clock.now() - request.atMs > startPatienceMs) {
      throw new DeployError('RUN_NOT_STARTED', { seconds: startPatienceMs / 1000, log: folder.supervisorLog });
    }
    return await begin({ place, plan, lock, machines, clock, runId, requester: request.requester });
  } catch (thrown) {
    await releaseLockBetweenMachines(machines);
    await lock.release();
    throw thrown;
  }
}

/** The files that the configuration names are what they were when somebody trusted them. Throws NOT_TRUSTED. */
async function assertAsTrusted(project: TrustedProject, authority: string | undefined): Promise<void> {
  if (authority === undefined || (await readAuthority(project)).fingerprint === authority) return;
  const reason = 'a file that its seatrial.yaml names has changed since the start was asked for';
  throw new DeployError('NOT_TRUSTED', { directory: project.directory, reason });
}

/** Takes over a run whose owner has gone, and does what `reconcile` says. */
export async function superviseResume(projectDirectory: string, runId: string, clock: Clock): Promise<void> {
  const located = await locateProject(projectDirectory);
  const record = await loadRun(runFolder(located.state, runId).directory);
  if (record === null) return;
  assertContinuable(record);
  const project = await openProjectOfRun(located, runId);
  const { plan } = record;
  const place = openPlace(project, plan.content.environment);
  const owner = await ownerOf(runId, clock);
  const acquire = (): ReturnType<typeof acquireLock> =>
    acquireLock({ directory: place.lockDirectory, owner, clock, mayFollow: (orphan) => orphan.runId === runId });
  const lock = await acquire().catch(async (thrown: unknown) => {
    // On a full disk the room that the run keeps for its way back is for this too.
    if (!(await releaseReserve(runFolder(located.state, runId).journal))) throw thrown;
    return acquire();
  });
  if (!lock.ok) return;
  if (record.status === 'ended' && record.outcome !== 'rollback_failed') {
    // The owner died between the end of the run and its memory.
    const over = { runId, fence: lock.generation };
    await place.target.deadMan?.disarm(over, AbortSignal.timeout(5000)).catch(() => undefined);
    await finishRun({ place, record, clock }).finally(() => lock.release());
    return;
  }
  const journal = await openRunJournal({ place, runId, generation: lock.generation, clock, allowDamaged: true });
  await journal.append({
    type: 'owner_acquired',
    data: { generation: lock.generation, pid: process.pid, resumed: true },
  });
  await noteForcedRelease(place, journal, lock.generation);
  const now = reconcile(replayRun(journal.events, record.damage, runId), await observe(place, clock));
  if (now.act === 'nothing') return lock.release();
  const fired = await noteFired(place, journal, runId);
  const reason = fired === null ? now.reason : `${now.reason}; ${fired}`;
  const letGo = holdLockBetweenMachines(place, runId, clock);
  await carryOut({ place, plan, lock, machines: null, journal, clock, runId }, now.act, reason).finally(letGo);
}

/** What the target did by itself while nobody owned the run; written down once. Null when it did nothing. */
async function noteFired({ target }: Place, journal: RunJournal, runId: string): Promise<string | null> {
  const reading = await target.deadMan?.read(AbortSignal.timeout(5000)).catch(() => null);
  const fired = reading?.fired;
  if (fired?.runId !== runId) return null;
  const told = journal.events.some(
    ({ type, data }) => type === 'dead_man' && data.what === 'fired' && data.atMs === fired.atMs,
  );
  const started = journal.events.find((event) => event.type === 'run_started');
  if (!told) await journal.append(describeFired(fired, started?.data.plan.content.stable?.version ?? null));
  return fired.did === 'nothing' ? null : `the dead-man rollback of the target had fired: ${fired.reason}`;
}

/** What the target says, asked for as long as it takes: without it nothing true can be said of the run. */
async function observe(place: Place, clock: Clock): Promise<TargetState> {
  for (;;) {
    const state = await place.target.inspect(AbortSignal.timeout(60_000)).catch(() => null);
    if (state !== null) return state;
    await clock.sleep(1000);
  }
}

async function ownerOf(
  runId: string,
  clock: Clock,
): Promise<{ runId: string; identity: Awaited<ReturnType<typeof currentIdentity>>; sinceMs: number }> {
  return { runId, identity: await currentIdentity(), sinceMs: clock.now() };
}

async function takeLock(place: Place, runId: string, clock: Clock): Promise<HeldLock> {
  const owner = await ownerOf(runId, clock);
  const acquire = (): ReturnType<typeof acquireLock> =>
    acquireLock({
      directory: place.lockDirectory,
      owner,
      clock,
      mayFollow: (orphan) => runIsOver(place, orphan.runId),
    });
  const first = await acquire();
  if (first.ok) return first;
  const { holder } = first;
  if (!first.orphaned && (await runIsOver(place, holder.runId))) {
    await awaitMemory(place, holder.runId, { clock, withinMs: 10_000 });
    const second = await acquire();
    if (second.ok) return second;
  }
  throw new DeployError('RUN_ACTIVE', {
    runId: holder.runId,
    pid: holder.identity.pid,
    since: new Date(holder.sinceMs).toISOString(),
  });
}

/** Who opened the lock before this owner had it stands in the run's own record too. */
async function noteForcedRelease(place: Place, journal: RunJournal, generation: number): Promise<void> {
  const forced = await readForcedRelease(place.lockDirectory, generation - 1).catch(() => null);
  if (forced === null) return;
  const message = `the lock of run ${forced.runId} (generation ${forced.generation}) was opened by ${forced.by} at ${new Date(forced.atMs).toISOString()}: ${forced.reason}`;
  await journal.append({ type: 'warning', data: { code: 'LOCK_FORCED', message } });
}

type Begin = Omit<Owned, 'journal'> & { requester: string };

/**
 * Under the lock: the plan made anew from what is true now is still the same, its approvals still stand, and they are used
 * up for ever before the run exists.
 */
async function begin({ place, plan, lock, machines, clock, runId, requester }: Begin): Promise<Owned> {
  await assertPlanStillHolds(place, plan, clock);
  const approvals = await findApprovals(place, plan, { scope: 'start', nowMs: clock.now() });
  await consumeApprovals(place, plan, { approvals, runId, atMs: clock.now() });
  const journal = await openRunJournal({ place, runId, generation: lock.generation, clock, allowDamaged: false });
  await journal.append({ type: 'run_started', data: { plan, requester, dryRun: false } });
  await journal.append({
    type: 'owner_acquired',
    data: { generation: lock.generation, pid: process.pid, resumed: false },
  });
  for (const approval of approvals) await journal.append({ type: 'approval_consumed', data: approval });
  await noteForcedRelease(place, journal, lock.generation);
  return { place, plan, lock, machines, journal, clock, runId };
}

async function carryOut(
  owned: Owned,
  mode: 'forward' | 'close' | 'finish' | 'roll_back',
  reason: string,
): Promise<void> {
  const { lock, machines, journal } = owned;
  const stop = new AbortController();
  void machines?.keep(stop.signal);
  try {
    if (mode !== 'forward' || ((await preflightPasses(owned)) && (await isTargetAsApproved(owned))))
      await roll(owned, { mode, reason, signal: stop.signal });
    await finishRun({ ...owned, record: currentRecord(owned) });
  } finally {
    stop.abort();
    await journal.close();
    await releaseLockBetweenMachines(machines);
    await lock.release();
  }
}

/** The same checks as before the plan, now that nobody else can change the target. */
async function preflightPasses({ place, plan, journal, clock, runId }: Owned): Promise<boolean> {
  if (plan.content.kind !== 'rollout') return true;
  const startedMs = clock.monotonic();
  const signal = AbortSignal.timeout(20 * 60_000);
  const context = await gatherPreflight({
    place,
    version: plan.content.revision.version,
    strategyKind: plan.content.strategy,
    clock,
    signal,
    ownRunId: runId,
  });
  const demanded = plan.content.guided?.checks ?? [];
  const ids = demanded.map(({ id }) => id);
  const answers = await runChecks(preflightChecks(place.spec, ids), context, { signal });
  const checks = requireGuided(requireLearned(answers, context.learnedGates), demanded);
  await journal.append({
    type: 'preflight_completed',
    data: { checks, durationMs: Math.round(clock.monotonic() - startedMs) },
  });
  const required = requiredChecks([...place.spec.gates.require, ...ids], context.learnedGates);
  const { ok, blocking, text } = assessChecks(checks, required);
  if (ok) return true;
  const overridden = blocking.length === 0 ? null : await overrideGates(place, plan, { blocking, clock, runId });
  if (overridden !== null) {
    for (const approval of overridden.approvals) await journal.append({ type: 'approval_consumed', data: approval });
    for (const event of overridden.events) await journal.append(event);
    return true;
  }
  await endBeforeChange(
    journal,
    new DeployError('PREFLIGHT_BLOCKED', {
      failed: text,
      remedy: 'Mend what is named, then make a new plan.',
    }),
  );
  return false;
}

/** The state that was approved, looked at once more right before the first change: pre-flight takes minutes. */
async function isTargetAsApproved({ place, plan, journal }: Owned): Promise<boolean> {
  // A way back is walked whatever others have done.
  if (plan.content.kind !== 'rollout') return true;
  try {
    const state = await place.target.inspect(AbortSignal.timeout(60_000));
    if (state.token === plan.content.targetToken) return true;
    throw new DeployError('PLAN_CHANGED', { changes: 'the state of the target, while pre-flight ran' });
  } catch (thrown) {
    await endBeforeChange(journal, toDeployError(thrown));
    return false;
  }
}

async function endBeforeChange(journal: RunJournal, error: DeployError): Promise<void> {
  const message = error.message.slice(0, 2000);
  await journal.append({
    type: 'run_ended',
    data: {
      outcome: 'failed',
      reason: message,
      error: { code: error.code, message, remedy: error.remedy },
    },
  });
}

async function roll(
  owned: Owned,
  how: { mode: 'forward' | 'close' | 'finish' | 'roll_back'; reason: string; signal: AbortSignal },
): Promise<void> {
  const { place, plan, clock } = owned;
  const { stable, revision, steps, judge: settings } = plan.content;
  const metrics = createMetrics(place, plan, clock);
  await metrics.start({ baseline: stable?.id ?? null, canary: revision.id }, how.signal);
  const notifier = createNotifier(place, {
    runId: owned.runId,
    version: revision.version,
    clock,
    append: (event) => owned.journal.append(event),
  });
  const bakes = steps.filter((step) => step.kind === 'bake');
  const judgePlan = {
    // A bake whose weight is raised is proven anew, and synthetic requests may prove it too: it can be wrong more often.
    bakes:
      Math.max(1, bakes.length) *
      (settings.raiseWeight === null ? 1 : 2) *
      (settings.synthetic?.counts === true ? 2 : 1),
    hasConcurrentBaseline: stable !== null && bakes.some((step) => step.weightPercent < 100),
    hasUnaccompaniedBake: stable === null || bakes.some((step) => step.weightPercent >= 100),
  };
  const source = how.mode === 'forward' ? createSynthetic(place, plan, clock) : null;
  await source?.start({ baseline: stable?.id ?? null, canary: revision.id }, how.signal);
  const synthetic = source === null ? null : { source, judgePlan };
  const ports = createRolloutPorts({ ...owned, metrics, synthetic, notify: notifier.notify });
  const judge = createJudge(settings, {
    ...judgePlan,
    // On the way back traffic moves first; nothing is judged any more.
    prior: how.mode === 'roll_back' ? { requests: 0, failures: 0 } : await readPrior(metrics, settings.stratum, clock),
  });
  if (how.mode === 'forward') ports.notify('start', `${revision.version} by ${plan.content.strategy}`);
  await runPlan({ ports, record: currentRecord(owned), judge, mode: how.mode, reason: how.reason });
  await notifier.settle(settleMs);
}

/** What the stable revision did in the minute before; zero when the source does not tell within two seconds. */
async function readPrior(metrics: MetricSource, stratum: Stratum, clock: Clock): Promise<ArmCounts> {
  for (let waitedMs = 0; waitedMs < 2000 && metrics.knownUntilMs() === null; waitedMs += 100) await clock.sleep(100);
  const { windowMs } = metrics.traits;
  const toMs = Math.floor((metrics.knownUntilMs() ?? clock.now()) / windowMs) * windowMs;
  const window = { fromMs: toMs - Math.ceil(priorMs / windowMs) * windowMs, toMs };
  const seen = metrics.measure({ kind: 'requests', stratum }, window, 'baseline');
  // What is still open is neither good nor bad yet.
  return seen.status === 'measured'
    ? { requests: seen.samples - seen.open, failures: seen.failures }
    : { requests: 0, failures: 0 };
}

function currentRecord({ journal, runId }: Owned): RunRecord {
  return replayRun(journal.events, journal.damage, runId);
}
