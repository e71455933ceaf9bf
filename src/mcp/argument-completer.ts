import type { OperationContext } from '../model/operation.ts';

/** What an argument of a prompt, or a variable of a resource's address, may be in this project. */
export interface ArgumentCompleter {
  /** Values that begin with what was typed, best first; none for an argument that nothing is known of. Throws DeployError. */
  suggest(argument: string, typed: string, context: OperationContext): Promise<string[]>;
}
