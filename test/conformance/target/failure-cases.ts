import { expect } from 'vitest';
import type { CaseRun } from './describe-target.ts';
import { codeOf, essence } from './scene.ts';

/** The engine does not answer, or does not let the driver do what it should. */
export const failureCases = {
  unreachable: async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    const before = essence(await scene.inspect());
    const end = await scene.place.faults.hang();
    try {
      const codes = await Promise.all([
        codeOf(scene.inspect()),
        codeOf(scene.move({ revision: candidate, weightPercent: 30 })),
      ]);
      expect(codes).toEqual(['TARGET_UNREACHABLE', 'TARGET_UNREACHABLE']);
    } finally {
      await end();
    }
    expect(essence(await scene.inspect())).toEqual(before);
    await scene.expectServing(scene.one);
    await scene.move({ revision: candidate, weightPercent: 30 });
    expect(await scene.weightOf(candidate)).toBeGreaterThan(0);
  },
  permission: async (scene) => {
    const candidate = scene.next();
    await scene.bring(candidate);
    const before = essence(await scene.inspect());
    for (const [way, attempt] of Object.entries(await scene.place.faults.denied())) {
      const { code, text } = await attempt({ revision: candidate, weightPercent: 30, fence: scene.fence });
      expect(['TARGET_REFUSED', 'TARGET_UNREACHABLE', 'FILE_REFUSED'], `${way}: ${code} ${text}`).toContain(code);
      expect(text, way).toMatch(/permi|EACCES|executable|not allowed/i);
      expect(essence(await scene.inspect()), way).toEqual(before);
    }
    await scene.expectServing(scene.one);
    // The way back of such a step: what was decided and not carried out is taken back too.
    if (scene.place.target.traffic !== undefined) await scene.weigh(candidate, 0);
  },
} satisfies Record<string, CaseRun>;
