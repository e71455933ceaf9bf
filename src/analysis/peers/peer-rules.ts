import { argoExample, argoStrict } from './argo-rule.ts';
import { flaggerReadme, flaggerTutorial } from './flagger-rule.ts';
import { kayentaExample } from './kayenta-rule.ts';
import type { PeerRule } from './peer-rule.ts';
import { thresholds } from './threshold-rule.ts';

/** The rules of other tools by the name that a user types, each with its documented settings. */
export const peerRules = {
  thresholds: [thresholds],
  flagger: [flaggerReadme, flaggerTutorial],
  argo: [argoExample, argoStrict],
  kayenta: [kayentaExample],
} as const satisfies Record<string, readonly PeerRule[]>;

export type PeerName = keyof typeof peerRules;
