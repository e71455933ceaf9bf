/** Stands where only those who took part can say something; a review that still has it is not complete. */
export const reviewPlaceholder = '(to complete)';

/** The headings of the review, in order. */
export const reviewHeadings = [
  'Step 1: Deployment Reflection',
  'Step 2: Lessons Learned',
  'Step 3: Process & Documentation Improvements',
  'Step 4: Overall Recommendations',
] as const;

/** What the reflection goes through, in order. */
export const reflectionHeadings = [
  'Issues, errors, delays, rollbacks, unexpected behaviour',
  'Gaps or ambiguities in instructions, checklists, validation',
  'Expected and actual production behaviour (stability, performance, observability, user impact)',
  'Friction, manual steps, coordination, risk areas',
  'What worked well and should be reinforced',
  'Assumptions and documentation shortfalls visible only in production',
] as const;

/** Under it stands who acknowledged the review; what comes before it is what they acknowledged. */
export const acknowledgementHeading = 'Acknowledgement';

/** The review without its acknowledgement, as it is compared and signed. Pure. */
export function reviewBody(text: string): string {
  const at = text.indexOf(`\n## ${acknowledgementHeading}\n`);
  return `${(at === -1 ? text : text.slice(0, at)).trimEnd()}\n`;
}

/** The review with who acknowledged it. Pure. */
export function withAcknowledgement(text: string, { by, atMs }: { by: string; atMs: number }): string {
  return `${reviewBody(text)}\n## ${acknowledgementHeading}\n\n- Acknowledged by ${by.replace(/\s+/g, ' ')}, ${new Date(atMs).toISOString()}\n`;
}
