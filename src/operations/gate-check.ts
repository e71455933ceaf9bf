import { z } from 'zod';
import { preflightChecks } from '../checks/preflight/list.ts';
import { DeployError } from '../model/deploy-error.ts';
import { exitCode } from '../model/error-catalogue.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { nearestName } from '../model/operation-input.ts';
import type { RunRecord } from '../model/run-record.ts';
import { type Criterion, phaseWords, rollbackCriteria, transitionCriteria } from '../report/cards/gate-criteria.ts';
import { compoundGates, gateMembers } from '../report/cards/gate-members.ts';
import { cite, plainLine } from '../report/format.ts';
import type { GateAnswer } from '../report/gate-answer.ts';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField, versionField } from './inputs.ts';
import { openPlace } from './place.ts';
import { askPreflight } from './preflight.ts';
import { locateProject, openTrustedProject } from './project.ts';
import { findRun } from './project-memory.ts';

export const gateCheck = defineOperation({
  name: 'gate_check',
  title: 'Check one gate of a version, or of a run',
  description:
    'Before a change, of a version: security, reliability, test, approval, construction (all of them), or the id of one check. After it, of a run and from its record alone: transition (success), rollback, or one criterion of these. Every question must pass; what nobody answered has not passed.',
  tool: false,
  effects: 'reads',
  input: z.object({
    gate: z
      .string()
      .max(64)
      .describe('Gate, phase, or id of one check or criterion')
      .meta({ examples: ['security'] }),
    version: versionField.optional(),
    run: z.string().max(64).optional().describe('For transition and rollback; default: the newest run'),
    environment: environmentField,
    detail: detailField,
  }),
  cli: {
    command: 'gate-check',
    positional: ['gate'],
    examples: [
      'seatrial gate-check security --version 1.4.0',
      'seatrial gate-check construction --version 1.4.0 --json',
      'seatrial gate-check transition --run 01j9…',
      'seatrial gate-check old-version-serves',
    ],
  },
  run: async (input, context) => {
    const phase = phaseOf(input.gate);
    if (phase !== null) return askRun(phase, input, context);
    const { version, run, ...asked } = input;
    const place = openPlace(await openTrustedProject(context), input.environment);
    const ids = preflightChecks(place.spec).map(({ id }) => id);
    const own = checksOf(input.gate, ids);
    if (run !== undefined) throw refusal(`--run belongs to ${phases.join(' and ')}; this gate is before a change`);
    if (version === undefined) throw refusal('name the version that is asked about: --version 1.4.0');
    return askPreflight({ ...asked, version, strategy: undefined }, own, context);
  },
});

const phases = ['transition', 'rollback'] as const;
type Phase = (typeof phases)[number];

const criteriaOf: Record<Phase, (record: RunRecord) => Criterion[]> = {
  transition: transitionCriteria,
  rollback: rollbackCriteria,
};

/** Every criterion that can be asked alone; the same for each run. */
export const criterionIds: Record<Phase, readonly string[]> = {
  transition: ['slos-met', 'smoke-passing', 'no-alerts', 'business-stable', 'revision-serves', 'signoff'],
  rollback: ['rollback-done', 'old-version-serves', 'rollback-smoke', 'incident-declared'],
};

function phaseOf(gate: string): Phase | null {
  const name = gate.toLowerCase();
  return phases.find((phase) => phase === name || criterionIds[phase].includes(name)) ?? null;
}

type AskedRun = {
  gate: string;
  version?: string | undefined;
  run?: string | undefined;
  environment?: string | undefined;
};

/** The criteria of a phase after the change, from the record of the run and nothing else. */
async function askRun(
  phase: Phase,
  { gate, version, run, environment }: AskedRun,
  { projectDirectory }: OperationContext,
): Promise<OperationResult<unknown>> {
  if (version !== undefined)
    throw refusal(`--version belongs to gates before a change; name a run: --run (seatrial runs)`);
  const record = await findRun(await locateProject(projectDirectory), run, environment);
  const name = gate.toLowerCase();
  const all = criteriaOf[phase](record);
  const criteria = (name === phase ? all : all.filter(({ id }) => id === name)).map(({ status, ...rest }) => ({
    ...rest,
    status: statusWords[status],
  }));
  const ok = criteria.every(({ status }) => status === 'passed');
  const { runId, plan } = record;
  const marks = { passed: '✓', failed: '✗', unknown: '?' };
  const text = [
    `${phase}, ${phaseWords[phase]} ${plan.content.revision.version} in ${plan.content.environment}, run ${runId} (${record.outcome ?? record.status})`,
    ...criteria.map(
      ({ id, name: title, status, reason, events }) =>
        `${marks[status]} ${title} (${status}): ${plainLine(reason)}${cite(events)} [${id}]`,
    ),
    ok ? 'Every criterion was met.' : 'Not passed: every criterion must be met, and what nobody answered is not.',
  ].join('\n');
  return { data: { ok, phase, runId, criteria }, text, exitCode: ok ? exitCode.ok : exitCode.gate };
}

const statusWords = { PASS: 'passed', FAIL: 'failed', UNVERIFIED: 'unknown' } as const satisfies Record<
  GateAnswer['status'],
  string
>;

function refusal(what: string): DeployError {
  return new DeployError('INPUT_INVALID', {
    name: '`seatrial gate-check`',
    list: `- ${what}.`,
    remedy: 'See `seatrial gate-check --help`.',
  });
}

/** Ids of the checks that a gate is made of. Throws INPUT_INVALID, with what there is, for any other name. */
export function checksOf(gate: string, ids: readonly string[]): readonly string[] {
  const name = gate.toLowerCase().replace(/-gate$/, '');
  const own = gateMembers(name) ?? (ids.includes(gate) ? [gate] : null);
  if (own !== null) return own;
  const later = phases.flatMap((phase) => [phase, ...criterionIds[phase]]);
  const near = nearestName(name, [...compoundGates, ...ids, ...later]);
  throw new DeployError('INPUT_INVALID', {
    name: '`seatrial gate-check`',
    list: `- there is no gate "${gate}".${near === null ? '' : ` Did you mean ${near}?`}`,
    remedy: `Gates: ${compoundGates.join(', ')}. Checks: ${ids.join(', ')}. Of a run: ${later.join(', ')}.`,
  });
}
