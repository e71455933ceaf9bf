import type { Strategy } from '../model/strategy.ts';
import { missing } from './missing.ts';
import { closingSteps, numberSteps, type StepBody } from './step-list.ts';

/** Instances are replaced batch by batch; each new one is healthy before an old one leaves, so capacity never falls. */
export const rolling: Strategy = {
  kind: 'rolling',
  whenToUse: 'stateful or large services, where a second full set is too dear',
  resourceCost: 'one batch above the usual capacity',
  plan: ({ spec, capabilities, revision, stable, instances, drainMs }) => {
    if (spec.kind !== 'rolling')
      return { ok: false, reasons: [`the settings are those of ${spec.kind}`], remedy: 'use strategy.kind: rolling' };
    const lack = missing(capabilities, ['batches', 'promote']);
    const reasons = [
      ...lack.reasons,
      ...(stable === null ? ['nothing serves yet, so there is nothing to replace'] : []),
    ];
    if (reasons.length > 0)
      return {
        ok: false,
        reasons,
        remedy: stable === null ? 'ship the first revision with strategy direct' : lack.remedy,
      };
    const opening: StepBody[] = [
      { kind: 'provision', revision, instances: Math.min(spec.batch, instances) },
      { kind: 'smoke', on: 'candidate' },
    ];
    return {
      ok: true,
      steps: numberSteps([
        ...opening,
        ...batchSteps(revision, instances, spec),
        ...closingSteps({ revision, stable, standbyMs: 0, drainMs, capabilities }),
      ]),
    };
  },
};

function batchSteps(
  revision: Parameters<Strategy['plan']>[0]['revision'],
  instances: number,
  spec: { batch: number; auto: boolean; bake: number; finalBake: number; maxBake: number },
): StepBody[] {
  const steps: StepBody[] = [];
  for (let done = Math.min(spec.batch, instances); ; done = Math.min(done + spec.batch, instances)) {
    const last = done === instances;
    const weightPercent = Math.round((done / instances) * 10_000) / 100;
    const minMs = last ? spec.finalBake : spec.bake;
    steps.push({ kind: 'replace_batch', revision, candidateInstances: done, stableInstances: instances - done });
    steps.push({ kind: 'bake', weightPercent, minMs, maxMs: Math.max(minMs, spec.maxBake) });
    if (last) return steps;
    if (!spec.auto) steps.push({ kind: 'approve', gate: `batch-${done}-of-${instances}` });
  }
}
