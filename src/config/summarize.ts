import type { EnvironmentSpec } from '../model/config/environment.ts';
import { evidenceGates } from '../model/config/gate.ts';
import { holdBackOf } from '../model/config/strategy.ts';
import type { CommandTargetSpec, InstanceSpec } from '../model/config/target.ts';
import { renderMs } from '../model/step.ts';
import type { Comparison } from '../model/verdict.ts';
import { type ApprovalRule, approvalRule } from './approval-rule.ts';
import { planComparisons } from './comparisons.ts';
import { visibleText } from './visible-text.ts';

/** What will happen when something is shipped to an environment: one plain sentence for each question. Pure. */
export function summarize(name: string, spec: EnvironmentSpec, enrolled: boolean): string[] {
  return [
    `What happens on \`seatrial ship <version> --env ${name}\` (${spec.url}):`,
    describeGates(spec),
    describeFreeze(spec),
    describeApproval(approvalRule(name, spec, enrolled)),
    describeStart(spec),
    describeSmoke(spec),
    describeStrategy(spec),
    describeTriggers(spec),
    describeSilence(spec),
    describeMigration(spec),
    spec.notify.length === 0 ? 'Nobody is told.' : `Told about it: ${spec.notify.length} channel(s).`,
    describeReview(spec),
  ]
    .filter((sentence) => sentence !== '')
    .map(visibleText);
}

function describeGates({ gates }: EnvironmentSpec): string {
  const answered = Object.keys(gates.evidence);
  const total = Object.keys(evidenceGates).length;
  const required = gates.require.length === 0 ? '' : `; must pass: ${gates.require.join(', ')}`;
  const allowed = [gates.allowDirty ? 'uncommitted changes' : '', gates.allowFriday ? 'Fridays' : ''].filter(
    (text) => text !== '',
  );
  const accepts = allowed.length === 0 ? '' : `; accepts ${allowed.join(' and ')}`;
  const named = answered.length === 0 ? '' : ` (${answered.join(', ')})`;
  return `Pre-flight: ${answered.length} of ${total} questions about the project are answered${named}, the others are skipped${required}${accepts}.`;
}

function describeFreeze({ freeze }: EnvironmentSpec): string {
  const reasons = freeze.windows.map(({ reason }) => reason);
  return reasons.length === 0 ? '' : `Frozen at times (${freeze.timezone}): ${reasons.join('; ')}.`;
}

function describeApproval(rule: ApprovalRule): string {
  const roles = Object.entries(rule.approvers).map(([role, who]) => `${role}: ${who}`);
  const signed = [
    rule.required > 1 ? `${rule.required} different approvers` : '',
    rule.roles.length > 0 ? `among them ${rule.roles.join(', ')}` : '',
    rule.separation ? 'never whoever asked for the plan' : '',
    rule.how === 'signature'
      ? `keys from ${rule.signers.from === 'user' ? "the user's own list" : `${rule.signers.path} of branch ${rule.signers.branch}`}`
      : '',
  ].filter((text) => text !== '');
  return `Approval: ${[`${rule.how} (${rule.note})`, ...signed, ...roles].join('; ')}.`;
}

function describeStart({ target, revision }: EnvironmentSpec): string {
  if (target.kind === 'command') return describeCommands(target);
  const prepared = revision.prepare.length === 0 ? '' : `${revision.prepare.length} command(s) prepare it, then `;
  const ready = `${target.health.path} answers 2xx ${target.health.successes} time(s) in a row`;
  return `Start: ${prepared}${target.instances} instance(s) ${describeWay(target)}, ready when ${ready}, within ${renderMs(target.health.startup)}.`;
}

function describeWay({ command, instanceCommands }: InstanceSpec): string {
  if (instanceCommands === undefined) return `of \`${(command ?? []).join(' ')}\``;
  const { start, stop, status } = instanceCommands;
  const seen = status === undefined ? 'seen by their health alone' : `looked at by \`${status.join(' ')}\``;
  return `started by \`${start.join(' ')}\`, ended by \`${stop.join(' ')}\`, ${seen}`;
}

function describeCommands({ commands, instances }: CommandTargetSpec): string {
  const named = Object.entries(commands).flatMap(([name, command]) =>
    command === undefined ? [] : [`${name} by \`${command.argv.join(' ')}\``],
  );
  const moves = commands.set_weight
    ? 'by any share'
    : commands.cutover
      ? 'all at once'
      : 'only by making a revision stable';
  return `Target: programs of yours, ${instances} instance(s) of a revision: ${named.join('; ') || 'none yet'}. Users are moved ${moves}.`;
}

function describeSmoke({ smoke }: EnvironmentSpec): string {
  if (smoke.length === 0) return 'Smoke: no checks, so that nothing but the health path is asked before users come.';
  const before = smoke.filter(({ on }) => on.includes('candidate')).length;
  const after = smoke.filter(({ on }) => on.includes('environment')).length;
  return `Smoke: ${before} check(s) before users come, ${after} on the environment afterwards.`;
}

function describeStrategy({ strategy }: EnvironmentSpec): string {
  const limit = `without a verdict after ${renderMs(strategy.maxBake)}`;
  switch (strategy.kind) {
    case 'direct':
      return `Strategy: direct; all users at once, then ${renderMs(strategy.bake)} of watching; holds ${limit}.`;
    case 'blue-green':
      return `Strategy: blue-green; all users at once, then ${renderMs(strategy.bake)} of watching; blue is kept for ${renderMs(strategy.standby)}; holds ${limit}.`;
    case 'rolling':
      return `Strategy: rolling; ${strategy.batch} instance(s) at a time, ${renderMs(strategy.bake)} after each, ${renderMs(strategy.finalBake)} after the last; ${strategy.auto ? 'verdicts decide' : 'a person decides'} between them; holds ${limit}.`;
    case 'canary': {
      const steps = strategy.steps.map(({ weight, bake }) => `${weight} % for ${renderMs(bake)}`);
      const least = strategy.steps.reduce((sum, { bake }) => sum + bake, 0);
      const holdBack = holdBackOf(strategy);
      const held =
        holdBack === 0
          ? ''
          : ` (of the last step ${holdBack} % stays on the stable revision to compare with, until its watch is over)`;
      const alone = strategy.aaPhase > 0 ? `${renderMs(strategy.aaPhase)} of watching stable alone, ` : '';
      return `Strategy: canary; ${alone}${steps.join(', ')}${held}: ${renderMs(least)} at least; a step holds ${limit}.`;
    }
  }
}

function describeTriggers(spec: EnvironmentSpec): string {
  const { triggers, slos } = spec;
  const exits = triggers.canaryExits;
  const rules = [
    `errors more than ${points(triggers.errorRate.above).replace(' %', '')} percentage points above the stable revision`,
    ...describeComparisons(spec),
    `more than ${triggers.restarts.moreThan} restarts in ${renderMs(triggers.restarts.within)}`,
    exits === false ? '' : `${exits.atLeast} exits in ${renderMs(exits.within)} while the stable revision has none`,
    triggers.oom ? 'any kill for lack of memory' : '',
    `more than ${points(triggers.unhealthy)} of instances unhealthy`,
    triggers.wrongRevision ? 'an answer of another version' : '',
    slos.errorRate ? `error rate above ${points(slos.errorRate.target)}` : '',
    slos.availability ? `availability below ${points(slos.availability.target)}` : '',
    slos.latencyP99 ? `99th percentile above ${renderMs(slos.latencyP99.target)}` : '',
  ].filter((rule) => rule !== '');
  return `Rolls back by itself on: ${rules.join('; ')}.`;
}

/** What is compared with the stable revision beside the error rate; what its source cannot measure is in the plan's notes. */
function describeComparisons(spec: EnvironmentSpec): string[] {
  return planComparisons(spec).comparisons.map(describeComparison);
}

function describeComparison(one: Comparison): string {
  switch (one.kind) {
    case 'latency':
      return `${one.metric} more than ${points(one.ratio - 1)} above the stable revision`;
    case 'throughput':
      return `good answers per request more than ${points(1 - one.least)} below the stable revision`;
    case 'events':
      return `${one.metric} more than ${points(1 - one.least)} below the stable revision`;
  }
}

function describeSilence({ metrics, judge }: EnvironmentSpec): string {
  const { raiseWeight } = judge.lowTraffic;
  const raised =
    raiseWeight === false
      ? ''
      : ` its weight is first raised to at most ${raiseWeight.upTo} %, for at most ${raiseWeight.blastBudget} failing requests;`;
  return `Judged by ${describeSource(metrics)}; holds when there is nothing to measure for ${renderMs(judge.sourceGrace)}; a bake without a verdict:${raised} ${endings[judge.onInconclusive]}.`;
}

function describeSource(metrics: EnvironmentSpec['metrics']): string {
  switch (metrics.source) {
    case 'proxy':
      return 'requests of users';
    case 'prober':
      return `${metrics.rate} probe(s) per second to each revision`;
    default:
      return `requests of users, as ${metrics.source} tells them every ${renderMs(metrics.every)}`;
  }
}

const endings: Record<EnvironmentSpec['judge']['onInconclusive'], string> = {
  hold: 'hold',
  ask: 'ask a person',
  abort: 'abort',
  promote: 'promote without proof while hard rules, smoke tests and objectives are green',
};

function describeMigration({ migration }: EnvironmentSpec): string {
  if (migration === 'none' || migration === 'expand') return '';
  return `Stored data: ${migration}; this release cannot be rolled back by itself.`;
}

function describeReview({ review }: EnvironmentSpec): string {
  return review === 'block'
    ? 'Afterwards: a person acknowledges the review, or the next plan is refused.'
    : 'Afterwards: a review that nobody acknowledged is a warning.';
}

/** 0.02 → `2 %`. */
function points(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(6))} %`;
}
