import { compile, TreeInterpreter } from '@jmespath-community/jmespath';
import type { JsonValue } from './read-json.ts';

export type JsonExpression = {
  /** Throws an Error when the expression does not fit the document. */
  of(document: JsonValue): unknown;
  readonly text: string;
};

/** A JMESPath expression, ready to be asked. Throws an Error that says what is wrong with it. */
export function compileExpression(text: string, what: string): JsonExpression {
  let node: ReturnType<typeof compile>;
  try {
    node = compile(text);
  } catch (thrown) {
    throw new Error(`${what}: ${text} is no JMESPath: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return {
    text,
    of: (document) => {
      try {
        return TreeInterpreter.search(node, document);
      } catch (thrown) {
        throw new Error(`${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      }
    },
  };
}

/** Fills {{version}} and {{revisionId}}, which stand inside quotes, so that no value can leave them. Pure. */
export function fillExpression(text: string, values: { version: string; revisionId: string }): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (literal) =>
    literal.replace(/\{\{\s*(version|revisionId)\s*\}\}/g, (_, name: string) => {
      const value = name === 'version' ? values.version : values.revisionId;
      if (literal.startsWith('"')) return JSON.stringify(value).slice(1, -1);
      return value.replace(/\\/g, '\\\\').replace(/'/g, "\\'");
    }),
  );
}
