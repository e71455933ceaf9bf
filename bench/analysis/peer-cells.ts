import type { PeerRule } from '../../src/analysis/peers/peer-rule.ts';
import { type PeerName, peerRules } from '../../src/analysis/peers/peer-rules.ts';
import { alphaRollback, errorRateAlone } from './judge-settings.ts';
import type { JudgedCell } from './judged-cell.ts';
import { lognormalLatency, quietScenario } from './scenario.ts';

const names: readonly PeerName[] = ['flagger', 'argo', 'kayenta', 'thresholds'];

/** The other tools' rules that the traces are also given to. */
export const comparedRules: readonly PeerRule[] = names.flatMap((name): readonly PeerRule[] => peerRules[name]);

/** Traces that are judged by seatrial and by the others: 100 requests a second, 5 % to the canary, one hour. */
export function peerCells(): JudgedCell[] {
  const scenario = {
    ...quietScenario,
    windowMs: 125,
    limitMs: 3_600_000,
    latency: lognormalLatency,
  };
  const cell = {
    group: 'peers',
    settings: errorRateAlone,
    watch: ['errorRate'],
    alpha: alphaRollback,
    historyMs: null,
    readEveryMs: 1000,
  };
  const failing = (ratio: number) => ({ ...scenario, canaryExcess: ratio - scenario.baselineRatio });
  return [
    { ...cell, name: '50 % errors', scenario: failing(0.5) },
    { ...cell, name: '10 % errors', scenario: failing(0.1) },
    { ...cell, name: 'identical, 0.1 % errors', scenario },
    {
      ...cell,
      name: 'identical, 1 % errors, 10 rps',
      scenario: { ...scenario, baselineRatio: 0.01, historyRatio: 0.01, requestsPerSecond: 10 },
    },
  ];
}
