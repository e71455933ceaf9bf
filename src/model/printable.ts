/**
 * Text without control, format (bidirectional, zero-width) and escape characters; line breaks and tabs stay.
 * What a target said may travel in results, and must not be able to move a cursor or hide words. Pure.
 */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}\[[0-?]*[ -/]*[@-~]/gu, '').replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '');
}
