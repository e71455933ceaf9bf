import { expect } from 'vitest';
import { type StrategySpec, strategySchema } from '../../../src/model/config/strategy.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';
import type { Revision } from '../../../src/model/revision.ts';
import type { Step } from '../../../src/model/step.ts';
import type { StrategyResult } from '../../../src/model/strategy.ts';
import type {
  Act,
  BatchControl,
  Capabilities,
  PlacedRevision,
  TargetLack,
  TargetState,
  TrafficControl,
} from '../../../src/model/target.ts';
import { capabilitiesOf } from '../../../src/operations/capabilities.ts';
import { createLiveReader } from '../../../src/operations/live-reader.ts';
import { type Verification, verifyRevision } from '../../../src/rollout/verify-revision.ts';
import { findStrategy } from '../../../src/strategies/list.ts';
import { createSystemClock } from '../../../src/system/clock.ts';
import type { Behaviour } from '../../fixtures/process-place.ts';
import type { ConformancePlace, MoveRequest, Refusal } from './conformance-place.ts';

export const clock = createSystemClock();

/** A place with what every case asks of it. */
export class Scene {
  readonly place: ConformancePlace;
  readonly signal = new AbortController().signal;
  /** Stable at the beginning of every case but the first. */
  readonly one: Revision;
  /** Owner that acts. */
  fence = 1;
  readonly #known: Revision[] = [];
  #made = 0;

  constructor(place: ConformancePlace) {
    this.place = place;
    this.one = this.#make('1.0.0', {});
  }

  /** A revision that was not there before. */
  next(behaviour: Behaviour = {}): Revision {
    this.#made += 1;
    return this.#make(`2.${this.#made}.0`, behaviour);
  }

  #make(version: string, behaviour: Behaviour): Revision {
    const revision = this.place.revision(version, behaviour);
    this.#known.push(revision);
    return revision;
  }

  act(changes: Partial<Act> = {}): Act {
    return this.place.act({ fence: this.fence, deadlineMs: 60_000, ...changes });
  }

  can(call: TargetLack): boolean {
    return this.place.target.lacks?.includes(call) !== true;
  }

  get traffic(): TrafficControl {
    const { traffic } = this.place.target;
    if (traffic === undefined) throw new Error('the target moves no traffic');
    return traffic;
  }

  get batches(): BatchControl {
    const { batches } = this.place.target;
    if (batches === undefined) throw new Error('the target replaces no batches');
    return batches;
  }

  inspect(): Promise<TargetState> {
    return this.place.target.inspect(this.signal);
  }

  async find({ id }: Revision): Promise<PlacedRevision | undefined> {
    return (await this.inspect()).revisions.find((placed) => placed.revision.id === id);
  }

  async weightOf(revision: Revision): Promise<number> {
    return (await this.find(revision))?.weightPercent ?? 0;
  }

  /** One request by a new user through the traffic path; who answered. */
  readLive(): Promise<string | null> {
    const { target } = this.place;
    const spec = {
      url: target.url,
      target: { health: { path: '/health' } },
      revision: { versionHeader: 'x-app-version' },
    };
    return createLiveReader({ target, spec }, this.#known)(this.signal);
  }

  /** As a run proves that a revision serves. */
  verify(revision: Revision): Promise<Verification> {
    const ports = { clock, readLive: () => this.readLive() };
    return verifyRevision(ports, revision.id, { withinMs: 30_000, signal: this.signal });
  }

  /** The revision has all users, says the target and say the users. */
  async expectServing(revision: Revision): Promise<void> {
    expect(await this.find(revision)).toMatchObject({ role: 'stable', weightPercent: 100 });
    const seen = await this.verify(revision);
    expect(seen.ok, seen.reason).toBe(true);
  }

  /** Ready for users, as far as the target has a step for that. */
  async bring(revision: Revision, changes: Partial<Act> = {}, instances = 1): Promise<void> {
    if (this.can('provision')) await this.place.target.provision({ revision, instances }, this.act(changes));
  }

  /** Started as early as the target can: where it has no step for that, by making it stable. */
  start(revision: Revision, changes: Partial<Act> = {}): Promise<void> {
    return this.can('provision')
      ? this.bring(revision, changes)
      : this.place.target.promote({ revision, standbyMs: 0 }, this.act(changes));
  }

  promote(revision: Revision, changes: Partial<Act> = {}): Promise<void> {
    return this.place.target.promote({ revision, standbyMs: 0 }, this.act(changes));
  }

  weigh({ id }: Revision, weightPercent: number, changes: Partial<Act> = {}): Promise<void> {
    return this.traffic.setWeight({ revisionId: id, weightPercent }, this.act(changes));
  }

  /** Gives users to a revision, as far as the target can. */
  move(
    { revision, weightPercent }: Omit<MoveRequest, 'fence'>,
    target = this.place.target,
    changes: Partial<Act> = {},
  ): Promise<void> {
    const { traffic } = target;
    const act = this.act(changes);
    if (traffic === undefined) return target.promote({ revision, standbyMs: 0 }, act);
    return traffic.setWeight({ revisionId: revision.id, weightPercent: traffic.wholeOnly ? 100 : weightPercent }, act);
  }

  /** 1.0.0 is stable with all users and two instances; nothing else is there. */
  async settle(): Promise<Revision> {
    const { one } = this;
    const { traffic } = this.place.target;
    const { revisions } = await this.inspect();
    const others = revisions.filter(({ revision }) => revision.id !== one.id);
    for (const { revision, role, weightPercent } of others) {
      if (role === 'stable') continue;
      if (weightPercent > 0 && traffic !== undefined) await this.weigh(revision, 0);
      if (weightPercent === 0 || traffic !== undefined) await this.#remove(revision);
    }
    const now = revisions.find(({ revision }) => revision.id === one.id);
    if ((now?.instances.filter(({ state }) => state === 'ready').length ?? 0) < 2) await this.bring(one, {}, 2);
    const isServing = now?.role === 'stable' && (traffic !== undefined || now.weightPercent === 100);
    if (!isServing) await this.promote(one, { way: 'back' });
    for (const { revision, role, weightPercent } of others)
      if (role === 'stable' || (weightPercent > 0 && traffic === undefined)) await this.#remove(revision);
    return one;
  }

  async #remove({ id }: Revision): Promise<void> {
    if (this.can('retire')) await this.place.target.retire({ revisionId: id }, this.act());
    else await this.place.tidy?.(id);
  }

  async capabilities(): Promise<Capabilities> {
    return capabilitiesOf(this.place, await this.inspect());
  }

  /** Against another stable revision than 1.0.0 where one is given. */
  async plan(
    kind: StrategySpec['kind'],
    revision: Revision,
    { settings = {}, stable = this.one }: { settings?: Record<string, unknown>; stable?: Revision } = {},
  ): Promise<StrategyResult> {
    const planned = findStrategy(kind)?.plan({
      spec: strategySchema.parse({ kind, ...settings }),
      capabilities: await this.capabilities(),
      revision,
      stable,
      instances: 2,
      drainMs: 1000,
    });
    if (planned === undefined) throw new Error(`there is no strategy ${kind}`);
    return planned;
  }

  /** Does what one step of a plan asks of the target. */
  async carryOut(step: Step, candidate: Revision, changes: Partial<Act>): Promise<void> {
    const { target } = this.place;
    const act = this.act({ idempotencyKey: `run-1:${step.id}`, ...changes });
    switch (step.kind) {
      case 'provision':
        return target.provision(step, act);
      case 'set_weight':
        // As in a run: a candidate that is not there has no users.
        if (step.weightPercent === 0 && (await this.find(candidate)) === undefined) return;
        return this.traffic.setWeight({ revisionId: candidate.id, weightPercent: step.weightPercent }, act);
      case 'replace_batch':
        return this.batches.replaceBatch({ ...step, candidate: step.revision }, act);
      case 'promote':
        return target.promote(step, act);
      case 'drain':
        await this.traffic.drain({ revisionId: step.revision.id, deadlineMs: step.deadlineMs }, act);
        return;
      case 'retire':
        return target.retire({ revisionId: step.revision.id }, act);
      default:
        return;
    }
  }
}

/** Steps that ask something of the target. */
export function actsOf(steps: readonly Step[]): Step[] {
  return steps.filter(({ kind }) => !['smoke', 'bake', 'approve', 'observe'].includes(kind));
}

export async function refusalOf(act: Promise<unknown>): Promise<Refusal> {
  const thrown = await act.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown === null) return { code: 'done', text: '' };
  if (thrown instanceof DeployError) return { code: thrown.code, text: `${thrown.message} ${thrown.remedy}` };
  return { code: `not a DeployError: ${String(thrown)}`, text: '' };
}

export async function codeOf(act: Promise<unknown>): Promise<string> {
  return (await refusalOf(act)).code;
}

/** All that a repetition must leave as it is. */
export function essence({ token, revisions }: TargetState): unknown {
  const placed = revisions.map(({ revision, role, weightPercent, instances }) => ({
    id: revision.id,
    role,
    weightPercent,
    pids: instances.map(({ pid }) => pid).sort(),
  }));
  return { token, placed };
}
