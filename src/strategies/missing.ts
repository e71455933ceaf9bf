import type { Capabilities } from '../model/target.ts';

type Need = 'shares' | 'whole' | 'batches' | 'provision' | 'promote' | 'standby';

/** Why a target cannot do what a strategy needs, in its words, and what would work. Pure. */
export function missing(
  capabilities: Capabilities,
  needs: readonly Need[],
  words: Partial<Record<Need, string>> = {},
): { reasons: string[]; remedy: string } {
  const unmet = needs.filter((need) => !isMet(capabilities, need));
  const { targetKind } = capabilities;
  return {
    reasons: unmet.map((need) => `the target ${targetKind} cannot ${words[need] ?? sayings[need]}`),
    remedy: targetKind === 'command' ? remedyByCommands(capabilities, unmet) : 'use a target that can: process',
  };
}

const sayings: Record<Need, string> = {
  shares: 'split traffic',
  whole: 'switch traffic',
  batches: 'replace instances one by one',
  provision: 'start the candidate beside the stable revision',
  promote: 'make a revision stable',
  standby: 'keep a standby',
};

function isMet(capabilities: Capabilities, need: Need): boolean {
  switch (need) {
    case 'shares':
      return capabilities.traffic === 'shares';
    case 'whole':
      return capabilities.traffic !== 'none';
    default:
      return capabilities[need];
  }
}

/** Which commands would make it work, and which strategies work as it is. */
function remedyByCommands(capabilities: Capabilities, unmet: readonly Need[]): string {
  const add: Record<Need, string | null> = {
    shares: 'add target.commands.set_weight',
    whole: 'add target.commands.cutover or set_weight',
    provision: 'add target.commands.provision',
    promote: 'add target.commands.promote',
    standby: 'set strategy.standby: 0s',
    batches: null,
  };
  const ways = unmet.flatMap((need) => add[need] ?? []);
  const now = capabilities.traffic === 'whole' && capabilities.provision ? 'direct or blue-green' : 'direct';
  // Without promote nothing works at all.
  const works =
    unmet.some((need) => need !== 'standby') && capabilities.promote
      ? [`use strategy ${now}, which this target can`]
      : [];
  return [...ways, ...works].join('; or ');
}
