import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { DeployError } from '../model/deploy-error.ts';
import type { Path } from './schema-walk.ts';

/** Line and column, both from 1. */
export type Position = { line: number; column: number };

export type ParsedYaml = {
  value: unknown;
  /** Where the value at `path` stands, or the nearest thing around it. */
  positionOf(path: Path): Position;
};

/** Longest config that is read, in characters. */
export const longestConfig = 131_072;
const mostAliases = 100;

/**
 * One YAML 1.2 document of plain values: no tags of its own, no key twice, few aliases.
 * Throws CONFIG_UNREADABLE with file, line and reason.
 */
export function parseYaml(text: string, file: string): ParsedYaml {
  if (text.length > longestConfig) throw unreadable(file, 1, `it has more than ${longestConfig} characters`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      uniqueKeys: true,
      lineCounter: lines,
      logLevel: 'error',
    });
    assertPlain(document, file, lines);
    const value: unknown = document.toJS({ maxAliasCount: mostAliases });
    return { value, positionOf: (path) => positionIn(document, lines, path) };
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    throw unreadable(file, 1, firstLine(thrown), thrown);
  }
}

function assertPlain(document: Document.Parsed, file: string, lines: LineCounter): void {
  const [first] = [...document.errors, ...document.warnings].sort((one, other) => one.pos[0] - other.pos[0]);
  if (first !== undefined)
    throw unreadable(file, lines.linePos(first.pos[0]).line, plainReason(first.code, firstLine(first)), first);
  if (document.directives.yaml.version !== '1.2')
    throw unreadable(file, 1, 'only YAML 1.2 is read; take the %YAML line out');
  let aliases = 0;
  visit(document, {
    Alias: (_, alias) => {
      aliases += 1;
      if (aliases > mostAliases)
        throw unreadable(file, lineOf(alias, lines), `it has more than ${mostAliases} aliases`);
      if (alias.resolve(document) === undefined) {
        throw unreadable(file, lineOf(alias, lines), `the alias *${alias.source.slice(0, 40)} has no anchor before it`);
      }
    },
    Pair: (_, pair) => {
      const key = isScalar(pair.key) ? pair.key.value : null;
      // A key of this name would set the prototype of the object instead of a property in it.
      if (key === '__proto__') throw unreadable(file, lineOf(pair.key, lines), 'the key "__proto__" is not allowed');
      if (key === '<<')
        throw unreadable(
          file,
          lineOf(pair.key, lines),
          'YAML 1.2 has no merge key "<<"; write the keys out, or use an alias for a whole value',
        );
    },
  });
}

/** The library's reasons are good but for a few that need a hint. */
function plainReason(code: string, reason: string): string {
  const hints: Record<string, string> = {
    TAB_AS_INDENT: 'a tab is used to indent; YAML wants spaces',
    TAG_RESOLVE_FAILED: `tags are not allowed (${reason.replace(/ at line.*$/, '').slice(0, 80)})`,
    DUPLICATE_KEY: 'a key stands twice in the same map',
    MULTIPLE_DOCS: 'there is more than one document in it; take the --- out',
  };
  return hints[code] ?? reason;
}

function positionIn(document: Document.Parsed, lines: LineCounter, path: Path): Position {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const segment of path) {
    const whole = isAlias(node) ? node.resolve(document) : node;
    if (isMap(whole)) {
      const pair = whole.items.find(
        (item) => String(isScalar(item.key) ? item.key.value : item.key) === String(segment),
      );
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(whole)) {
      node = whole.items[Number(segment)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function lineOf(node: unknown, lines: LineCounter): number {
  return lines.linePos(startOf(node) ?? 0).line;
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (text.includes('call stack')) return 'it is nested too deeply';
  return (text.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').trim();
}

function unreadable(file: string, line: number, reason: string, cause?: unknown): DeployError {
  return new DeployError('CONFIG_UNREADABLE', { file, line, reason }, cause);
}
