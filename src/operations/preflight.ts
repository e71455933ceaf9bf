import { z } from 'zod';
import { assessChecks } from '../checks/assess-checks.ts';
import { preflightChecks } from '../checks/preflight/list.ts';
import { requireGuided } from '../checks/require-guided.ts';
import { requiredChecks, requireLearned } from '../checks/require-learned.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { EnvironmentSpec } from '../model/config/environment.ts';
import { exitCode } from '../model/error-catalogue.ts';
import type { Guided } from '../model/guidance.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { readWishes } from '../model/wishes.ts';
import { compoundGates, gateMembers } from '../report/cards/gate-members.ts';
import { duePitfalls, renderDuePitfalls } from '../report/learnings/due-pitfalls.ts';
import { renderChecks } from '../report/preflight-text.ts';
import { defineOperation } from './define-operation.ts';
import { gatherPreflight } from './gather-preflight.ts';
import { readAnswers } from './guided/ask-questions.ts';
import { readRequest } from './guided/read-request.ts';
import { answersField, detailField, requestFields } from './inputs.ts';
import { loadSources } from './learnings-files.ts';
import { nextStep } from './next-step.ts';
import { openPlace } from './place.ts';
import { openTrustedProject } from './project.ts';
import { trustNotes } from './trust-notes.ts';

export const preflight = defineOperation({
  name: 'preflight',
  title: 'Check whether a version may ship',
  description:
    'First call before shipping. Runs every pre-flight check, changes nothing, says what blocks. With gate (security, reliability, test, approval, construction, or a check): only that.',
  tool: true,
  effects: 'reads',
  input: z.object({
    ...requestFields,
    answers: answersField,
    gate: z.string().max(64).optional().describe('Gate, phase, or id of one check'),
    detail: detailField,
  }),
  cli: {
    command: 'preflight',
    positional: ['version'],
    examples: ['seatrial preflight 1.4.0', 'seatrial preflight 1.4.0 --environment staging --detail full'],
  },
  run: async (input, context) => {
    const asked = await readRequest(input, context);
    const answers = input.answers === undefined ? null : readAnswers(input.answers).answers;
    const { checks: demanded } = readWishes({ guidance: asked.guidance, answers });
    const only = input.gate === undefined ? null : (gateMembers(input.gate) ?? [input.gate]);
    return askPreflight({ ...asked, detail: input.detail, demanded }, only, context);
  },
});

type Asked = {
  version: string;
  environment?: string | undefined;
  strategy?: EnvironmentSpec['strategy']['kind'] | undefined;
  detail: 'concise' | 'full';
  /** Checks that guidance wants to pass. */
  demanded?: Guided['checks'];
  /** How a line of text was understood. */
  understood?: string | null;
};

/** The answers to all questions, or to those that `only` names, each of which must then pass. */
export async function askPreflight(
  input: Asked,
  only: readonly string[] | null,
  context: OperationContext,
): Promise<OperationResult<unknown>> {
  const { caller, clock, signal, progress } = context;
  const { demanded = [], understood = null } = input;
  const project = await openTrustedProject(context);
  const place = openPlace(project, input.environment);
  const all = preflightChecks(
    place.spec,
    demanded.map(({ id }) => id),
  );
  const scene = await gatherPreflight({
    place,
    version: input.version,
    strategyKind: input.strategy,
    clock,
    signal,
    ownRunId: null,
  });
  const chosen = only === null ? all : all.filter((check) => only.includes(check.id));
  let done = 0;
  const answers = await runChecks(chosen, scene, {
    signal,
    onResult: (result) => progress(`${result.status}: ${result.title}`, ++done, chosen.length),
  });
  const checks = requireGuided(requireLearned(answers, scene.learnedGates), demanded);
  const required = requiredChecks([...place.spec.gates.require, ...demanded.map(({ id }) => id)], scene.learnedGates);
  const mustPass = only === null ? required : chosen.map((check) => check.id);
  const { ok } = assessChecks(checks, mustPass);
  const pitfalls = renderDuePitfalls(duePitfalls(await loadSources(project)));
  const next = ok
    ? nextStep(caller, {
        tool:
          understood === null && demanded.length === 0
            ? `rollout_plan {version: "${input.version}", environment: "${place.name}"}`
            : 'rollout_plan with the same input',
        command: `seatrial ship ${input.version} --env ${place.name}`,
      })
    : `Blocked. Mend what is named, then check again${demanded.length === 0 ? '' : '; what guidance or answers demand stays until the person takes it back'}.`;
  const none =
    chosen.length === 0
      ? `There is no check "${only?.join(', ')}". There are: ${all.map((check) => check.id).join(', ')}; gates of several: ${compoundGates.join(', ')}. How a run ended (transition, rollback): deploy_report {kind: "gate-criteria"}, or seatrial gate-check transition`
      : null;
  const text =
    none ??
    [
      ...(understood === null ? [] : [understood]),
      ...trustNotes(project.trust),
      renderChecks(checks, { detail: input.detail, required: mustPass }),
      ...(pitfalls === '' ? [] : [pitfalls]),
      next,
    ].join('\n');
  return {
    data: { ok: ok && none === null, environment: place.name, version: input.version, checks },
    text,
    exitCode: ok && none === null ? exitCode.ok : exitCode.gate,
  };
}
