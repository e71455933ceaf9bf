import type { Arm, Window } from '../model/metric-source.ts';
import { cellMs } from '../model/traffic.ts';

/** Cells in which something could not be measured, with the first reason. */
export type LossLog = {
  add(arm: Arm, atMs: number, reason: string): void;
  /** The reason of the first loss in the window, or null. */
  within(arm: Arm, window: Window): string | null;
  forget(beforeMs: number): void;
};

export function createLossLog(): LossLog {
  const lost: Readonly<Record<Arm, Map<number, string>>> = { baseline: new Map(), canary: new Map() };
  return {
    add: (arm, atMs, reason) => {
      const cell = Math.floor(atMs / cellMs) * cellMs;
      if (!lost[arm].has(cell)) lost[arm].set(cell, reason);
    },
    within: (arm, window) => {
      if (lost[arm].size === 0) return null;
      for (const [atMs, reason] of lost[arm]) if (atMs >= window.fromMs && atMs < window.toMs) return reason;
      return null;
    },
    forget: (beforeMs) => {
      for (const cells of [lost.baseline, lost.canary]) {
        for (const atMs of cells.keys()) if (atMs < beforeMs) cells.delete(atMs);
      }
    },
  };
}
