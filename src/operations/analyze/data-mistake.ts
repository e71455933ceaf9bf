import { DeployError } from '../../model/deploy-error.ts';

/** What is wrong in one place of the data, in words that follow the place. */
export class DataMistake extends Error {
  override readonly name = 'DataMistake';
  readonly column: string | null;

  constructor(column: string | null, reason: string) {
    super(reason);
    this.column = column;
  }
}

/** Enough to see what is wrong throughout; more would bury it. */
export const mostMistakes = 5;

/** DATA_INVALID with these mistakes, each a line with its place. */
export function invalidData(source: string, mistakes: readonly string[]): DeployError {
  const more = mistakes.length === mostMistakes ? ' (more may follow)' : '';
  const list = mistakes.map((mistake) => `- ${mistake}`).join('\n');
  return new DeployError('DATA_INVALID', { source, list: `${list}${more}` });
}
