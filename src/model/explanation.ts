/** Something that was written down of a run that was taken back, so that its revision may ship again. */
export type Explanation = {
  runId: string;
  /** A person's reason stands for cause and fix. */
  about: 'cause' | 'fix' | 'reason';
};

export type Missing = 'cause' | 'fix';

/** What is still to be written down of a run before its revision may ship again; empty when nothing is. Pure. */
export function missingOf(explanations: readonly Explanation[], runId: string): Missing[] {
  const there = explanations.filter((one) => one.runId === runId).map(({ about }) => about);
  if (there.includes('reason')) return [];
  return (['cause', 'fix'] as const).filter((about) => !there.includes(about));
}

/** As in "was rolled back, and its cause is recorded, but no fix". Pure. */
export function describeMissing(missing: readonly Missing[]): string {
  if (missing.length === 2) return 'no cause and fix are recorded';
  return missing[0] === 'fix' ? 'its cause is recorded, but no fix' : 'its fix is recorded, but no cause';
}

/** What somebody runs to write it down, and what a person may run instead. Pure. */
export function remedyOf(missing: readonly Missing[], runId: string): string {
  const fields = missing.map((about) => `, ${about}: "…"`).join('');
  const flags = missing.map((about) => `--${about} "…"`).join(' ');
  const both = missing.map((about) => `the ${about}`).join(' and ');
  return `once a person agrees, record ${both}: learnings {action: "add", run: "${runId}"${fields}} (seatrial learnings add --run ${runId} ${flags}); or a person says why it may be tried as it is: seatrial learnings retry ${runId} --reason "…"`;
}
