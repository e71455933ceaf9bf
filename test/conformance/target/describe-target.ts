import { afterAll, beforeAll, describe, it } from 'vitest';
import {
  type CaseId,
  type ConformanceCell,
  type DriverId,
  type Need,
  targetCases,
  targetDrivers,
} from './case-list.ts';
import type { ConformancePlace } from './conformance-place.ts';
import { drainCases } from './drain-cases.ts';
import { failureCases } from './failure-cases.ts';
import { foreignCases } from './foreign-cases.ts';
import { expectRefused, lackOf } from './refused.ts';
import { resumeCases } from './resume-cases.ts';
import { revisionCases } from './revision-cases.ts';
import { rollbackCases } from './rollback-cases.ts';
import { Scene } from './scene.ts';
import { startCases } from './start-cases.ts';
import { trafficCases } from './traffic-cases.ts';

export type CaseRun = (scene: Scene) => Promise<void>;

declare module 'vitest' {
  interface TaskMeta {
    /** One cell of docs/conformance.md. */
    conformance?: ConformanceCell & { driver: DriverId; caseId: CaseId };
  }
}

const runs: Record<CaseId, CaseRun> = {
  ...startCases,
  ...trafficCases,
  ...revisionCases,
  ...drainCases,
  ...rollbackCases,
  ...resumeCases,
  ...failureCases,
  ...foreignCases,
};
const caseTimeoutMs = 240_000;

/** The contract of `Target`, to be passed by every driver, case by case; a case that it cannot pass must have been refused. */
export function describeTarget(driver: DriverId, createPlace: () => Promise<ConformancePlace>): void {
  const title = targetDrivers.find(({ id }) => id === driver)?.title ?? driver;
  describe(`the target ${title}`, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = new Scene(await createPlace());
    }, caseTimeoutMs);
    afterAll(() => scene.place.close(), caseTimeoutMs);

    for (const { id, needs, title: says } of targetCases)
      it(
        says,
        async ({ task }) => {
          task.meta.conformance = { driver, caseId: id, ...(await run(scene, id, needs)) };
        },
        caseTimeoutMs,
      );
  });
}

async function run(scene: Scene, id: CaseId, needs: readonly Need[]): Promise<ConformanceCell> {
  const reason = scene.place.notApplicable?.[id];
  if (reason !== undefined) return { cell: `not applicable: ${reason}`, why: null };
  const lack = await lackOf(scene, needs);
  if (lack !== null) return { cell: `refused: lacks ${lack}`, why: await expectRefused(scene, lack) };
  if (id !== 'inspect-empty') await scene.settle();
  await runs[id](scene);
  return { cell: 'passed', why: null };
}
