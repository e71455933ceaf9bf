import { type ApprovalRule, approvalRule } from '../config/approval-rule.ts';
import { approvalLevel } from '../model/approval-level.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { GateDecision } from '../model/gate-decision.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { assessPitfalls, type PitfallStanding, recurs } from '../report/learnings/pitfall-standing.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { saveDecision } from './gate-decisions.ts';
import { type LearningsSources, loadSources } from './learnings-files.ts';
import { assertDialog, personBehind } from './person.ts';
import type { Project } from './project.ts';
import { rebuildLearnings } from './rebuild-learnings.ts';
import { shortCodeOf } from './short-code.ts';

export type GateRequest = { pitfall: string; action: GateDecision['action']; code: string | undefined };

/** What there is to decide about a pitfall. */
export type GateMatter = Pick<GateDecision, 'pitfall' | 'check' | 'runs' | 'environments'>;

/**
 * A person makes a recurring pitfall a gate, dismisses the proposal, or lifts the gate. Throws GATE_UNDECIDABLE, and
 * APPROVAL_NOT_ACCEPTED where it is not sure enough that a person decides.
 */
export async function decideGate(
  project: Project,
  { pitfall, action, code }: GateRequest,
  context: OperationContext,
): Promise<OperationResult<unknown>> {
  const matter = matterOf(await loadSources(project), pitfall, action);
  const how = assertPerson(project, { matter, action, code }, context);
  const decision: GateDecision = {
    v: 1,
    ...matter,
    runs: matter.runs.slice(0, 50),
    action,
    by: personBehind(context).slice(0, 200),
    how,
    at: new Date(context.clock.now()).toISOString(),
  };
  const path = await saveDecision(project, decision);
  const { remarks } = await rebuildLearnings(project, context.clock);
  return { data: { path, decision }, text: [describeOutcome(decision), ...remarks].join('\n') };
}

/** Six characters that stand for this matter as it was shown. Pure. */
export function gateCode(matter: GateMatter): string {
  return shortCodeOf(sha256Hex(canonicalJson(matter)));
}

/** What is proposed about a pitfall, for people; null when nothing is. Pure. */
export function describeProposal({ gate, pitfall }: PitfallStanding): string | null {
  if (gate.state !== 'proposed') return null;
  const { check, runs, environments } = gate;
  const matter = { pitfall: pitfall.id, check, runs, environments };
  return [
    `Proposed gate: \`${check}\` must pass in ${environments.join(', ')}, because it was met in ${runs.length} runs: ${runs.slice(0, 5).join(', ')}${runs.length > 5 ? ', …' : ''}.`,
    `A person decides: seatrial learnings accept ${pitfall.id} --code ${gateCode(matter)}, or dismiss in its place.`,
  ].join('\n');
}

function matterOf(sources: LearningsSources, id: string, action: GateDecision['action']): GateMatter {
  // What is decided already is looked at as if it were not: a person may change their mind.
  const undecided = assessPitfalls({ ...sources, decisions: [] }).find(({ pitfall }) => pitfall.id === id);
  const now = assessPitfalls(sources).find(({ pitfall }) => pitfall.id === id);
  if (undecided === undefined || now === undefined) {
    const known = sources.catalogue.pitfalls.map(({ id: one }) => one).join(', ');
    throw undecidable(id, 'there is no such pitfall.', `There are: ${known}.`);
  }
  if (now.gate.state === action) throw undecidable(id, `it is ${action} already.`, 'Nothing has to be done.');
  if (now.gate.state === 'accepted' && action === 'dismissed') {
    const { check, runs, environments } = now.gate.decision;
    return { pitfall: id, check, runs, environments };
  }
  if (undecided.gate.state === 'proposed') {
    const { check, runs, environments } = undecided.gate;
    return { pitfall: id, check, runs, environments };
  }
  throw undecidable(id, whyNothing(undecided), 'See `seatrial learnings list` for what is proposed.');
}

function whyNothing({ gate, pitfall, seen }: PitfallStanding): string {
  if (gate.state === 'configured') return `gates.require has ${gate.check} already.`;
  if (pitfall.gate === undefined) return 'no pre-flight check could have found it.';
  return `it was met in ${seen.length} of the last runs, and proposes itself from ${recurs} on.`;
}

function undecidable(pitfall: string, reason: string, remedy: string): DeployError {
  return new DeployError('GATE_UNDECIDABLE', { pitfall, reason, remedy });
}

/** How sure it is that a person decides. A typed code has to do everywhere: such a gate only tightens what is asked for already. */
function assertPerson(
  project: Project,
  { matter, action, code }: { matter: GateMatter; action: GateDecision['action']; code: string | undefined },
  { caller }: OperationContext,
): ApprovalRule['how'] {
  const rule = strictestRule(project, matter.environments);
  if (rule.how === 'none') return 'none';
  const verb = action === 'accepted' ? 'accept' : 'dismiss';
  const terminal = `seatrial learnings ${verb} ${matter.pitfall}`;
  if (caller.door === 'mcp') return assertDialog(rule, caller.client, terminal);
  if (!caller.interactive)
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'no person is at this terminal.',
      remedy: `A person runs it in a terminal of their own: ${terminal}`,
    });
  if (code?.toUpperCase() === gateCode(matter)) return 'terminal';
  throw new DeployError('APPROVAL_NOT_ACCEPTED', {
    reason: code === undefined ? 'the code was not typed.' : 'the code that was typed is not that of this gate.',
    remedy: `Read what you decide (seatrial learnings show ${matter.pitfall}), then: ${terminal}`,
  });
}

/** Of the environments in which the pitfall was met; of all when none of them is configured any more. */
function strictestRule({ config, enrolled }: Project, environments: readonly string[]): ApprovalRule {
  const all = Object.entries(config.environments);
  const concerned = all.filter(([name]) => environments.includes(name));
  const rules = (concerned.length === 0 ? all : concerned).map(([name, spec]) => approvalRule(name, spec, enrolled));
  const [first, ...others] = rules;
  if (first === undefined) throw new Error('a configuration has an environment');
  return others.reduce(
    (strictest, rule) => (approvalLevel(rule.how) > approvalLevel(strictest.how) ? rule : strictest),
    first,
  );
}

function describeOutcome({ pitfall, check, action, environments, runs, by, how }: GateDecision): string {
  const where = environments.join(', ');
  return action === 'accepted'
    ? `Accepted by ${by} (${how}): \`${check}\` must pass before a run in ${where}, because ${pitfall} was met in ${runs.length} runs. Commit .seatrial to share it.`
    : `Dismissed by ${by} (${how}): ${pitfall} does not make \`${check}\` a gate, and does not propose it again. Commit .seatrial to share it.`;
}
