import { approvalNotes } from '../model/approval-level.ts';
import type { CheckResult } from '../model/check.ts';
import type { Plan } from '../model/plan.ts';
import type { Revision } from '../model/revision.ts';
import { renderMs, renderStep } from '../model/step.ts';
import type { Comparison, JudgeSettings } from '../model/verdict.ts';
import { formatRatio, formatTime, trim } from './format.ts';
import { renderGuided } from './guided-text.ts';
import { renderChecks } from './preflight-text.ts';

/** What each level asks for, as plan and approval screen say it. */
export const approvalWords: Record<Plan['approval'], string> = {
  none: 'none: nobody will be asked',
  'client-dialog':
    'level 1: a person answers the dialog of the agent client (rollout_approve); not forgery-proof: an agent with a shell can go around it',
  terminal:
    'level 2: a person runs `seatrial approve` in a terminal and types the code; not forgery-proof: an agent with a shell can imitate a terminal',
  signature: 'level 3: an enrolled approver signs with `seatrial approve … --sign --key <file>`',
  protected: 'level 4: a protected environment of CI says who approved (`seatrial approve … --protected`)',
};

/** What a release does to stored data. */
export const migrationWords: Record<Plan['content']['migration'], string> = {
  none: 'none',
  expand: 'expand: the former revision can live with it',
  contract: 'contract: NO automatic rollback, the run freezes instead',
  irreversible: 'irreversible: NO automatic rollback, the run freezes instead',
};

/** A plan as the approver reads it: every step, the way back, the limits, and what holds if this machine dies. Pure. */
export function renderPlan(plan: Plan, checks: readonly CheckResult[] | null = null): string {
  const { content } = plan;
  const lines = [
    `Plan: ${content.service} ${content.revision.version} to ${content.environment} by ${content.strategy}${content.kind === 'rollout' ? '' : ` (${content.kind})`}`,
    `planId: ${plan.planId}`,
    `ships: ${describeRevision(content.revision)}`,
    `users are on: ${content.stable === null ? 'nothing yet (first deploy)' : describeRevision(content.stable)}`,
    `target: ${content.targetIdentity}, ${content.instances} instances`,
    '',
    'Steps:',
    ...content.steps.map((step, index) => `${index + 1}. ${renderStep(step)}`),
    '',
    content.stable === null
      ? 'Way back (nothing served before: back is down):'
      : `Way back to ${content.stable.version}, by itself:`,
    ...(content.wayBack.length === 0
      ? ['none: a fault can only be fixed forward']
      : content.wayBack.map((step, index) => `${index + 1}. ${renderStep(step)}`)),
    '',
    'Limits:',
    ...renderLimits(plan),
    `If something dies: ${content.deadMan}`,
    `Stored data: ${migrationWords[content.migration]}`,
    ...renderGuided(content),
    // What the approval is worth stands in its own line.
    ...plan.notes.filter((note) => note !== approvalNotes[plan.approval]).map((note) => `Note: ${note}`),
    `Approval: ${approvalWords[plan.approval]}`,
    `Requested by ${plan.requester}, valid until ${formatTime(plan.expiresAtMs)}`,
    ...(checks === null ? [] : ['', renderChecks(checks)]),
  ];
  return lines.join('\n');
}

/** What takes a release back and what lets it go on, one line each. Pure. */
export function renderLimits({ content }: Plan): string[] {
  const { judge } = content;
  const { hardRules } = judge;
  const objectives = judge.slos.map((slo) =>
    slo.aboveMs === null
      ? `${slo.name}: at most ${formatRatio(slo.badRatio)} bad`
      : `${slo.name}: at most ${formatRatio(slo.badRatio)} slower than ${renderMs(slo.aboveMs)}`,
  );
  const rules = [
    `more than ${hardRules.restarts} restarts in ${renderMs(hardRules.restartsWindowMs)}`,
    ...(hardRules.canaryExits === null
      ? []
      : [`${hardRules.canaryExits} exits of the candidate in ${renderMs(hardRules.exitsWindowMs)}`]),
    ...(hardRules.oom ? ['any kill for memory'] : []),
    `more than ${formatRatio(hardRules.unhealthyRatio)} of its instances unhealthy`,
    ...(hardRules.wrongRevision ? ['an answer of a wrong revision'] : []),
  ];
  return [
    `- goes back when the candidate fails more than ${renderMargin(content)} (false alarm in at most ${formatRatio(judge.alphaRollback)} of runs)`,
    judge.mustPass.length === 0
      ? '- goes on when the time is over: no metric has to be proven; health, smoke tests and the rules below decide'
      : `- goes on only when ${judge.mustPass.join(', ')} is proven (wrongly in at most ${formatRatio(judge.alphaPromote)} of runs); without a verdict it ${withoutVerdict[judge.onInconclusive]}`,
    ...judge.comparisons.map(
      (one) =>
        `- goes back when ${renderComparison(one)}${judge.mustPass.includes(one.metric) ? '' : '; not needed to go on'}`,
    ),
    ...(judge.raiseWeight === null
      ? []
      : [
          `- raises the weight of a step with too few requests, to at most ${judge.raiseWeight.upToPercent} % and never past the next step, at the cost of at most ${judge.raiseWeight.blastBudget} failing requests`,
        ]),
    ...(judge.synthetic === null
      ? []
      : [
          `- asks both revisions for ${judge.synthetic.path} ${judge.synthetic.perSecond} times a second and judges that apart; ${judge.synthetic.counts ? 'its proof is enough where that of users is lacking' : 'it proves nothing of users'}`,
        ]),
    ...(objectives.length === 0
      ? ['- no objectives (slos) are configured']
      : objectives.map((objective) => `- objective ${objective}`)),
    `- goes back at once on: ${rules.join('; ')}`,
    `- judged by ${judge.stratum === 'user' ? 'requests of users' : 'requests of the built-in prober'}; a source silent for ${renderMs(judge.sourceGraceMs)} holds the run`,
  ];
}

/** Where nothing serves yet there is nothing to be above. */
function renderMargin({ judge, stable }: Plan['content']): string {
  const margin = trim(judge.errorMargin * 100, 2);
  return stable === null
    ? `${margin} % of requests (nothing serves yet to compare with)`
    : `${margin} pp above the baseline`;
}

const withoutVerdict: Record<JudgeSettings['onInconclusive'], string> = {
  hold: 'holds until there is one',
  ask: 'holds at a gate, where a person decides',
  abort: 'goes back',
  promote: 'GOES ON WITHOUT PROOF where hard rules, smoke tests and objectives are green',
};

function renderComparison(one: Comparison): string {
  switch (one.kind) {
    case 'latency':
      return `${one.metric} is more than ${trim((one.ratio - 1) * 100, 2)} % above the baseline's`;
    case 'throughput':
      return `fewer good answers per request than ${trim(one.least * 100, 2)} % of the baseline's`;
    case 'events':
      return `${one.metric} is below ${trim(one.least * 100, 2)} % of the baseline's`;
  }
}

/** A revision as an approver reads it. Pure. */
export function describeRevision(revision: Revision): string {
  const commit =
    revision.commit === null
      ? 'from a directory'
      : `commit ${revision.commit.slice(0, 12)}${revision.ref === null ? '' : ` (${revision.ref})`}`;
  return `${revision.version}, ${commit}${revision.artifact === null ? '' : `, sha256 ${revision.artifact.sha256.slice(0, 12)}`}`;
}
