import type { Arm } from '../model/metric-source.ts';

/** What the placeholders of one arm stand for; null where the arm has no revision. */
export type ArmRevision = { version: string; revisionId: string };
export type ArmRevisions = Readonly<Record<Arm, ArmRevision | null>>;

export const arms = ['baseline', 'canary'] as const;
