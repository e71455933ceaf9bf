export type SplitRequest = {
  /** 0–100. */
  weightPercent: number;
  candidateServers: number;
  stableServers: number;
};

export type SplitWeights = {
  /** Of each server of the group, 0–256. */
  candidateWeight: number;
  stableWeight: number;
  /** What these weights give, which differs from what was asked where whole numbers cannot express it. */
  achievedPercent: number;
};

/** The largest weight of a server that HAProxy takes. */
export const largestWeight = 256;

/**
 * Whole weights 0–256 for two groups of servers in one backend, whose share is nearest to the one asked; the larger of equal
 * ones. A group is never at 0 unless 0 or 100 % was asked. Null when a group that must serve has no server. Pure.
 */
export function planSplitWeights(request: SplitRequest): SplitWeights | null {
  const { weightPercent, candidateServers, stableServers } = request;
  if (!(weightPercent >= 0 && weightPercent <= 100)) return null;
  if ((weightPercent > 0 && candidateServers < 1) || (weightPercent < 100 && stableServers < 1)) return null;
  if (weightPercent === 0) return { candidateWeight: 0, stableWeight: largestWeight, achievedPercent: 0 };
  if (weightPercent === 100) return { candidateWeight: largestWeight, stableWeight: 0, achievedPercent: 100 };
  let best: SplitWeights | null = null;
  for (let stableWeight = largestWeight; stableWeight >= 1; stableWeight--) {
    const wanted = (weightPercent * stableServers * stableWeight) / ((100 - weightPercent) * candidateServers);
    for (const rounded of [Math.ceil(wanted), Math.floor(wanted)]) {
      const candidateWeight = Math.min(largestWeight, Math.max(1, rounded));
      const achievedPercent = shareOf(request, candidateWeight, stableWeight);
      const isNearer = best === null || missOf(request, achievedPercent) < missOf(request, best.achievedPercent) - 1e-9;
      if (isNearer) best = { candidateWeight, stableWeight, achievedPercent };
    }
  }
  return best;
}

function shareOf(request: SplitRequest, candidateWeight: number, stableWeight: number): number {
  const candidate = request.candidateServers * candidateWeight;
  return (100 * candidate) / (candidate + request.stableServers * stableWeight);
}

function missOf(request: SplitRequest, achievedPercent: number): number {
  return Math.abs(achievedPercent - request.weightPercent);
}
