import type { Arm } from '../model/metric-source.ts';
import { renderMs } from '../model/step.ts';
import type { InstanceEvent } from '../model/traffic.ts';
import type { JudgeSettings } from '../model/verdict.ts';

export type HardRuleTrigger = 'crash-loop' | 'canary-exits' | 'oom' | 'unhealthy' | 'wrong-revision';

/** A rule that wants the run aborted, and what it saw. */
export type FiredRule = { trigger: HardRuleTrigger; sentence: string };

export type HardRuleInput = {
  /** Everything heard of instances during the run, in order of time. */
  events: ReadonlyArray<InstanceEvent & { arm: Arm }>;
  /** Answers of the candidate that named another version. */
  wrongRevision: number;
  rules: JudgeSettings['hardRules'];
  nowMs: number;
  /** Instances that the candidate should have. */
  instances: number;
};

/** An instance that exited may take this long to be back before it counts as unhealthy: the exit rules judge exits. */
const restartGraceMs = 5000;
/** An `oom` and an `exited` of one instance this close are one death. */
const sameDeathMs = 1000;

/**
 * Rules that act at once and need no statistics; each that fired, with one sentence, the gravest first. Pure.
 *
 * Defaults: more than 3 restarts in 5 min; a canary that exits twice in 60 s while the baseline does not; any kill for
 * memory; more than half of the instances unhealthy; any answer from a wrong version. They stand outside the chance α of
 * a wrong rollback.
 * Limits: an instance that is starting for the first time is not counted as unhealthy; `stopped` means stopped on purpose.
 *
 * Example: two `exited` of the candidate 3 s apart, none of the baseline → `canary-exits`, "the candidate exited 2 times within
 * 1m, the baseline never".
 */
export function assessHardRules(input: HardRuleInput): FiredRule[] {
  const canary = input.events.filter((event) => event.arm === 'canary');
  const fired = [
    wrongRevisionRule(input),
    outOfMemoryRule(input, canary),
    crashLoopRule(input, canary),
    canaryExitsRule(input, canary),
    unhealthyRule(input, canary),
  ];
  return fired.filter((rule) => rule !== null);
}

function wrongRevisionRule({ rules, wrongRevision }: HardRuleInput): FiredRule | null {
  if (!rules.wrongRevision || wrongRevision === 0) return null;
  return {
    trigger: 'wrong-revision',
    sentence: `${times(wrongRevision, 'answer')} of the candidate named another version`,
  };
}

function outOfMemoryRule({ rules }: HardRuleInput, canary: readonly InstanceEvent[]): FiredRule | null {
  const killed = canary.filter((event) => event.what === 'oom');
  if (!rules.oom || killed.length === 0) return null;
  return { trigger: 'oom', sentence: `the candidate was killed for lack of memory (${times(killed.length, 'time')})` };
}

function crashLoopRule({ rules, nowMs }: HardRuleInput, canary: readonly InstanceEvent[]): FiredRule | null {
  const gaveUp = canary.some((event) => event.what === 'gave_up');
  const exits = deathsSince(canary, nowMs - rules.restartsWindowMs);
  if (!gaveUp && exits.length <= rules.restarts) return null;
  const sentence = gaveUp
    ? `an instance of the candidate does not stay up and is no longer restarted${lastExit(canary)}`
    : `the candidate exited ${times(exits.length, 'time')} within ${renderMs(rules.restartsWindowMs)}, more than ${rules.restarts}${lastExit(exits)}`;
  return { trigger: 'crash-loop', sentence };
}

function canaryExitsRule({ rules, nowMs, events }: HardRuleInput, canary: readonly InstanceEvent[]): FiredRule | null {
  if (rules.canaryExits === null) return null;
  const since = nowMs - rules.exitsWindowMs;
  const exits = deathsSince(canary, since);
  const baselineExits = deathsSince(
    events.filter((event) => event.arm === 'baseline'),
    since,
  );
  if (exits.length < rules.canaryExits || baselineExits.length > 0) return null;
  const sentence = `the candidate exited ${times(exits.length, 'time')} within ${renderMs(rules.exitsWindowMs)}, the baseline never${lastExit(exits)}`;
  return { trigger: 'canary-exits', sentence };
}

function unhealthyRule({ rules, nowMs, instances }: HardRuleInput, canary: readonly InstanceEvent[]): FiredRule | null {
  const byInstance = new Map<string, InstanceEvent[]>();
  for (const event of canary) byInstance.set(event.instanceId, [...(byInstance.get(event.instanceId) ?? []), event]);
  const lives = [...byInstance.values()];
  const ready = lives.filter((life) => life.at(-1)?.what === 'ready').length;
  const down = lives.filter((life) => isDown(life, nowMs)).length;
  // A dead instance whose place another one has taken is no longer missed.
  const missing = Math.min(down, Math.max(0, instances - ready));
  if (instances === 0 || missing / instances <= rules.unhealthyRatio) return null;
  return {
    trigger: 'unhealthy',
    sentence: `${missing} of ${times(instances, 'instance')} of the candidate are unhealthy`,
  };
}

function isDown(life: readonly InstanceEvent[], nowMs: number): boolean {
  const last = life.at(-1)?.what;
  if (last === 'unhealthy' || last === 'gave_up') return true;
  if (last === 'ready' || last === 'stopped') return false;
  const lastReady = life.findLastIndex((event) => event.what === 'ready');
  const death = life.find((event, index) => index > lastReady && (event.what === 'exited' || event.what === 'oom'));
  return death !== undefined && nowMs - death.atMs >= restartGraceMs;
}

function deathsSince(events: readonly InstanceEvent[], sinceMs: number): InstanceEvent[] {
  const exits = events.filter((event) => event.what === 'exited');
  const lone = events.filter((event) => event.what === 'oom' && !exits.some((exit) => isSameDeath(event, exit)));
  return [...exits, ...lone].filter((event) => event.atMs > sinceMs);
}

function isSameDeath(a: InstanceEvent, b: InstanceEvent): boolean {
  return a.instanceId === b.instanceId && Math.abs(a.atMs - b.atMs) <= sameDeathMs;
}

function lastExit(events: readonly InstanceEvent[]): string {
  const last = events.findLast((event) => event.code !== null || event.signal !== null);
  if (last === undefined) return '';
  const how = last.code !== null ? `last exit code ${last.code}` : `last by signal ${last.signal}`;
  return last.excerpt === null ? ` (${how})` : ` (${how}; its log ends: "${last.excerpt}")`;
}

function times(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
