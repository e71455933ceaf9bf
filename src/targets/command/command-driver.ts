import type { z } from 'zod';
import type { CommandTargetSpec } from '../../model/config/target.ts';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import type { Revision } from '../../model/revision.ts';
import type { Act, PlacedRevision, TargetState } from '../../model/target.ts';
import { createSystemClock } from '../../system/clock.ts';
import type { CommandValues } from '../../system/fill-argv.ts';
import { callProgram, type ProgramCall, type ProgramPlace, parseAnswer } from './call-program.ts';
import { type ChangeName, changeAnswerSchemas, inspectAnswerSchema } from './command-answer.ts';
import { type CommandMemory, createCommandMemory } from './command-memory.ts';
import { describeAnswer, type Observed } from './describe-answer.ts';
import { lacking } from './lacking.ts';

export type CommandDriverOptions = {
  spec: CommandTargetSpec;
  /** Where users reach the service. */
  url: string;
  environment: string;
  service: string;
  /** Programs run here. */
  projectDirectory: string;
  /** Where the driver keeps what a platform does not; outside the project. */
  memoryDirectory: string;
};

const clock = createSystemClock();
/** What a program has done may show a moment later. */
const readBackMs = 10_000;
const pauseMs = 200;
/** Routers know weights in steps; this much is rounding. */
const roundingPercent = 0.51;

/** One changing call with its limits and what was there before. */
type Change = { act: Act; endMs: number; before: TargetState };
type ChangeSpec = NonNullable<CommandTargetSpec['commands']['provision']>;
type Run<Answer> = {
  spec: ChangeSpec;
  values: CommandValues;
  /** Of what it prints when its output is json. */
  schema: z.ZodType<Answer>;
  failed?: NonNullable<ProgramCall['failed']>;
};
const answers = changeAnswerSchemas;

/** The calls of a target as calls of programs: look first, act, look again. */
export class CommandDriver {
  readonly #options: CommandDriverOptions;
  readonly #memory: CommandMemory;
  readonly #place: ProgramPlace;

  constructor(options: CommandDriverOptions) {
    const { spec, projectDirectory, memoryDirectory } = options;
    this.#options = options;
    this.#memory = createCommandMemory(memoryDirectory);
    this.#place = { directory: projectDirectory, pass: spec.pass, input: spec.input };
  }

  /** What is there now. Throws TARGET_UNREACHABLE when the program fails, TARGET_REFUSED when it prints something else. */
  async observe(signal: AbortSignal, leftMs = Number.POSITIVE_INFINITY): Promise<Observed> {
    const { inspect } = this.#options.spec.commands;
    if (inspect === undefined)
      throw lacking(
        'be inspected, so nothing that is done to it could be read back',
        'Add target.commands.inspect: a program that prints what docs/targets.md says.',
      );
    const { environment, service } = this.#options;
    const text = await callProgram(this.#place, {
      name: 'inspect',
      argv: inspect.argv,
      values: { service, environment },
      timeoutMs: Math.min(inspect.timeout, leftMs),
      signal,
    }).catch((thrown: unknown) => {
      throw unreachable(thrown);
    });
    return describeAnswer(parseAnswer('inspect', text, inspectAnswerSchema), await this.#memory.read());
  }

  provision({ revision, instances }: { revision: Revision; instances: number }, act: Act): Promise<void> {
    return this.#change('provision', { act, revision }, async (change) => {
      const { provision } = this.#options.spec.commands;
      if (provision === undefined)
        throw lacking('start a revision beside the stable one', 'Add target.commands.provision.');
      if (readyCount(find(change.before, revision.id)) >= instances) return;
      const values = { ...this.#values(change, revision), instances: String(instances) };
      const failed = (reason: string, excerpt: string): DeployError =>
        new DeployError('PROVISION_FAILED', { version: revision.version, reason, excerpt: excerpt || '(none)' });
      const answer = await this.#run(change, 'provision', {
        spec: provision,
        values,
        schema: answers.provision,
        failed,
      });
      if (answer !== null && answer.ready < instances)
        throw failed(`provision says that ${answer.ready} of ${instances} instances are ready`, '');
      const short = await this.#awaitState(change, readBackMs, (state) => {
        const ready = readyCount(find(state, revision.id));
        return ready >= instances ? null : `${ready} of ${instances} instances are ready`;
      });
      if (short !== null) throw failed(`provision succeeded, and inspect says that ${short}`, '');
    });
  }

  promote(revision: Revision, act: Act): Promise<void> {
    return this.#change('promote', { act, revision }, async (change) => {
      const isDone = (state: TargetState): string | null => {
        const placed = find(state, revision.id);
        const role = placed?.role ?? 'absent';
        if (placed?.role === 'stable' && placed.weightPercent === 100) return null;
        return `${revision.version} should be stable with all users and is ${role} with ${placed?.weightPercent ?? 0} %`;
      };
      if (isDone(change.before) === null) return;
      await this.#makeStable(change, revision, act.way ?? 'forward');
      await this.#assertState(change, isDone);
    });
  }

  async #makeStable(change: Change, revision: Revision, way: 'forward' | 'back'): Promise<void> {
    const { promote, rollback } = this.#options.spec.commands;
    const returns = way === 'back' && rollback !== undefined;
    const spec = returns ? rollback : promote;
    if (spec === undefined) throw lacking('make a revision stable', 'Add target.commands.promote.');
    const name = returns ? 'rollback' : 'promote';
    const values = this.#values(change, revision);
    const answer = await this.#run(change, name, { spec, values, schema: answers.promote });
    if (answer !== null && answer.revisionId !== revision.id)
      throw changed(`${name} of ${revision.id} says that ${answer.revisionId} is stable`);
  }

  retire({ revisionId }: { revisionId: string }, act: Act): Promise<void> {
    return this.#change('retire', { act, revision: null }, async (change) => {
      const placed = find(change.before, revisionId);
      if (placed === undefined) return;
      assertUnused(placed);
      const { retire } = this.#options.spec.commands;
      if (retire === undefined) throw lacking('retire a revision', 'Add target.commands.retire.');
      const values = this.#values(change, placed.revision);
      const answer = await this.#run(change, 'retire', { spec: retire, values, schema: answers.retire });
      if (answer !== null && answer.instances > 0) throw changed(`retire says that ${answer.instances} are left`);
      await this.#assertState(change, (state) => {
        const left = find(state, revisionId)?.instances.length ?? 0;
        return left === 0 ? null : `${left} instances of ${revisionId} are still there`;
      });
    });
  }

  setWeight({ revisionId, weightPercent }: { revisionId: string; weightPercent: number }, act: Act): Promise<void> {
    return this.#change('set_weight', { act, revision: null }, async (change) => {
      const placed = find(change.before, revisionId);
      // Nobody can be on a revision that is not there.
      if (placed === undefined && weightPercent === 0) return;
      if (placed === undefined) throw refused(`${revisionId} is not there`, 'Provision it first.');
      const leaves = placed.role === 'stable' && placed.weightPercent > 0 && weightPercent === 0;
      const former = leaves ? await this.#formerStable(change) : null;
      if (former === null) await this.#move(change, placed.revision, weightPercent);
      else await this.#makeStable(change, former, 'back');
      await this.#assertState(change, (state) => {
        const seen = find(state, revisionId)?.weightPercent ?? 0;
        return Math.abs(seen - weightPercent) <= roundingPercent
          ? null
          : `the weight should be ${weightPercent} % and reads back as ${seen} %`;
      });
    });
  }

  /** Who served before: users of a revision that was promoted already can only return by making that one stable again. */
  async #formerStable({ before }: Change): Promise<Revision | null> {
    const standbys = before.revisions.filter((placed) => placed.role === 'standby' && readyCount(placed) > 0);
    const { revisions: known } = await this.#memory.read();
    const newest = known.find(({ id }) => standbys.some(({ revision }) => revision.id === id));
    return newest ?? standbys[0]?.revision ?? null;
  }

  async #move(change: Change, revision: Revision, weightPercent: number): Promise<void> {
    const { set_weight: setWeight, cutover } = this.#options.spec.commands;
    const stable = change.before.revisions.find(({ role }) => role === 'stable')?.revision;
    const other = stable?.id === revision.id ? undefined : stable;
    const sole = weightPercent === 100 ? revision : weightPercent === 0 ? other : undefined;
    if (cutover !== undefined && sole !== undefined) {
      const answer = await this.#run(change, 'cutover', {
        spec: cutover,
        values: this.#values(change, sole),
        schema: answers.cutover,
      });
      if (answer !== null && answer.revisionId !== sole.id)
        throw changed(`cutover to ${sole.id} says that ${answer.revisionId} has the users`);
      return;
    }
    if (setWeight === undefined)
      throw lacking(
        weightPercent === 0
          ? 'take its only revision out of traffic'
          : `give a revision ${weightPercent} % of the users`,
        'Add target.commands.set_weight.',
      );
    const values = {
      ...this.#values(change, revision),
      weight: String(weightPercent),
      stableWeight: String(Number((100 - weightPercent).toFixed(4))),
    };
    const answer = await this.#run(change, 'set_weight', { spec: setWeight, values, schema: answers.set_weight });
    if (answer !== null && Math.abs(answer.weightPercent - weightPercent) > roundingPercent)
      throw changed(`set_weight to ${weightPercent} % says that it is ${answer.weightPercent} %`);
  }

  drain({ revisionId, deadlineMs }: { revisionId: string; deadlineMs: number }, act: Act): Promise<{ cut: number }> {
    return this.#change('drain', { act, revision: null }, async (change) => {
      const placed = find(change.before, revisionId);
      if (placed === undefined) return { cut: 0 };
      assertNoUsers(placed);
      const { drain } = this.#options.spec.commands;
      if (drain === undefined) throw lacking('drain', 'Add target.commands.drain.');
      const values = { ...this.#values(change, placed.revision), drainMs: String(deadlineMs) };
      const spec: ChangeSpec = { ...drain, timeout: drain.timeout + deadlineMs, output: 'json' };
      const answer = await this.#run(change, 'drain', { spec, values, schema: answers.drain });
      return { cut: answer?.cut ?? 0 };
    });
  }

  /** Looks, notes who acts, does it; what ends because time is over or somebody cancelled says so. */
  async #change<Result>(
    step: string,
    { act, revision }: { act: Act; revision: Revision | null },
    run: (change: Change) => Promise<Result>,
  ): Promise<Result> {
    const endMs = clock.monotonic() + act.deadlineMs;
    try {
      const { state } = await this.observe(act.signal, act.deadlineMs);
      await this.#memory.note({ fence: act.fence, seenFence: state.fence, revision });
      return await run({ act, endMs, before: state });
    } catch (thrown) {
      const { code } = toDeployError(thrown);
      if (act.signal.aborted) throw new DeployError('CANCELLED', { what: step }, thrown);
      if (clock.monotonic() >= endMs && code !== 'TARGET_FENCED')
        throw new DeployError('STEP_TIMED_OUT', { step, seconds: Math.round(act.deadlineMs / 100) / 10 }, thrown);
      throw thrown;
    }
  }

  /** Runs one program; what it printed, or null where its output is only text. */
  async #run<Answer>({ act, endMs }: Change, name: ChangeName, call: Run<Answer>): Promise<Answer | null> {
    const { spec, values, schema, failed } = call;
    const leftMs = endMs - clock.monotonic();
    const text = await callProgram(this.#place, {
      name,
      argv: spec.argv,
      values,
      timeoutMs: Math.min(spec.timeout, leftMs),
      signal: act.signal,
      ...(failed === undefined ? {} : { failed }),
    });
    return spec.output === 'text' ? null : parseAnswer(name, text, schema);
  }

  #values({ act, before, endMs }: Change, revision: Revision): Record<string, string> {
    const { service, environment } = this.#options;
    const stable = before.revisions.find(({ role }) => role === 'stable')?.revision;
    return {
      service,
      environment,
      version: revision.version,
      revisionId: revision.id,
      commit: revision.commit ?? '',
      ref: revision.ref ?? '',
      stableVersion: stable?.version ?? '',
      stableRevisionId: stable?.id ?? '',
      stableCommit: stable?.commit ?? '',
      way: act.way ?? 'forward',
      idempotencyKey: act.idempotencyKey,
      fence: String(act.fence),
      deadlineMs: String(Math.max(0, Math.round(endMs - clock.monotonic()))),
    };
  }

  async #assertState(change: Change, complaint: (state: TargetState) => string | null): Promise<void> {
    const wrong = await this.#awaitState(change, readBackMs, complaint);
    if (wrong !== null) throw changed(wrong);
  }

  /** Looks until there is nothing to complain of, at most for `withinMs`; the last complaint, or null. */
  async #awaitState(
    { act, endMs }: Change,
    withinMs: number,
    complaint: (state: TargetState) => string | null,
  ): Promise<string | null> {
    const untilMs = Math.min(endMs, clock.monotonic() + withinMs);
    for (;;) {
      const { state } = await this.observe(act.signal, Math.max(1, endMs - clock.monotonic()));
      const wrong = complaint(state);
      if (wrong === null || clock.monotonic() >= untilMs) return wrong;
      await clock.sleep(pauseMs, act.signal);
    }
  }
}

function find(state: TargetState, revisionId: string): PlacedRevision | undefined {
  return state.revisions.find(({ revision }) => revision.id === revisionId);
}

function readyCount(placed: PlacedRevision | undefined): number {
  return placed?.instances.filter(({ state }) => state === 'ready').length ?? 0;
}

function assertNoUsers({ revision, weightPercent }: PlacedRevision): void {
  if (weightPercent > 0)
    throw refused(`${revision.id} still has ${weightPercent} % of the users`, 'Move its traffic first.');
}

function assertUnused(placed: PlacedRevision): void {
  assertNoUsers(placed);
  if (placed.role === 'stable') throw refused(`${placed.revision.id} is the stable revision`, 'Promote another first.');
}

function unreachable(thrown: unknown): unknown {
  const error = toDeployError(thrown);
  if (error.code !== 'TARGET_REFUSED' && error.code !== 'STEP_TIMED_OUT') return thrown;
  const remedy = 'Run target.commands.inspect by hand.';
  return new DeployError('TARGET_UNREACHABLE', { target: 'command', reason: error.message, remedy }, thrown);
}

function refused(reason: string, remedy: string): DeployError {
  return new DeployError('TARGET_REFUSED', { reason, remedy });
}

function changed(reason: string): DeployError {
  return new DeployError('TARGET_CHANGED', { reason });
}
