/** Six characters that a person types to show which plan is meant. Pure. */
export function shortCodeOf(planId: string): string {
  return planId.slice(0, 6).toUpperCase();
}
