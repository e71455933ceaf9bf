import type { SyntaxNode } from 'unbash';

/** Arguments as the shell makes them of words; null: only known when it runs. */
export type Fields = Array<string | null>;

/** A program with its arguments as the shell would start it. */
export type Call = {
  argv: Fields;
  /** Variables that are known to be set for it. */
  variables: ReadonlyMap<string, string | null>;
};

type Word = Extract<SyntaxNode, { type: 'Word' }>;
type Known = ReadonlyMap<string, string | null>;

/**
 * The arguments that a word becomes. A variable whose value the same text sets is put in, and taken apart where it stands without
 * quotes; `whole`: it is not (assignments, here strings). Pure.
 */
export function fieldsOf(word: Word, known: Known, whole = false): Fields {
  if (word.parts === undefined) return [word.value];
  const [only] = word.parts;
  const text = textOfParts(word.parts, known);
  const isBare = only !== undefined && word.parts.length === 1 && isVariable(only);
  return text !== null && isBare && !whole ? text.split(/\s+/).filter((field) => field !== '') : [text];
}

/** The one text that fields are; null when it is not known. Pure. */
export function textOf(fields: Fields): string | null {
  const known = fields.filter((field) => field !== null);
  return known.length === fields.length ? known.join(' ') : null;
}

function isVariable({ type }: SyntaxNode): boolean {
  return type === 'SimpleExpansion' || type === 'ParameterExpansion';
}

function textOfParts(parts: readonly SyntaxNode[], known: Known): string | null {
  let text = '';
  for (const part of parts) {
    const piece = textOfPart(part, known);
    if (piece === null) return null;
    text += piece;
  }
  return text;
}

function textOfPart(part: SyntaxNode, known: Known): string | null {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return part.value;
    case 'Glob':
      return part.text;
    case 'DoubleQuoted':
    case 'LocaleString':
      return textOfParts(part.parts, known);
    case 'SimpleExpansion':
      return known.get(part.text.slice(1)) ?? null;
    case 'ParameterExpansion':
      return part.prefix === undefined && part.index === undefined && part.operation === undefined
        ? (known.get(part.parameter) ?? null)
        : null;
    default:
      return null;
  }
}
