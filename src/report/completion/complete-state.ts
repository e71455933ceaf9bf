/** Phases of the workflow, in order; all of them are behind a story that is complete. */
export const workflowPhases = [
  'understand',
  'research',
  'scope',
  'design',
  'decompose',
  'implement',
  'validate',
  'deploy',
] as const;

export type StateEdit = { ok: true; text: string; changed: boolean } | { ok: false; reason: string };

/**
 * The text of a workflow state file (null: there is none) as that of a complete story. Everything else in it stays byte for
 * byte and in its order; a story that is complete already keeps its time. `completedAt` is ISO 8601. Pure.
 */
export function completeState(text: string | null, completedAt: string): StateEdit {
  const mark = text?.startsWith('\uFEFF') === true ? '\uFEFF' : '';
  const given = text === null ? '{\n}\n' : text.slice(mark.length);
  const state = readState(given);
  if (typeof state === 'string') return { ok: false, reason: state };
  const { currentPhase, completedPhases, completedAt: since } = state;
  const phases = completedPhases ?? [];
  if (!Array.isArray(phases)) return { ok: false, reason: 'its completedPhases is no list' };
  const hasAll = workflowPhases.every((phase) => phases.includes(phase));
  const isComplete = currentPhase === 'complete' && hasAll && typeof since === 'string' && since !== '';
  if (isComplete && text !== null) return { ok: true, text, changed: false };
  const others = phases.filter((phase) => !workflowPhases.some((known) => known === phase));
  let result = setMember(given, 'currentPhase', '"complete"');
  if (!hasAll) result = setMember(result, 'completedPhases', renderList([...workflowPhases, ...others]));
  return { ok: true, text: mark + setMember(result, 'completedAt', JSON.stringify(completedAt)), changed: true };
}

function renderList(values: readonly unknown[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
}

/** The fields of a state file, or why it is none. Pure. */
export function readState(text: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    return 'it is no JSON object';
  } catch {
    return 'it is not JSON';
  }
}

type Member = { key: string; from: number; to: number };

/** A JSON object with one member set, and nothing else touched: parsing and printing would lose order, spacing and digits. */
function setMember(text: string, key: string, value: string): string {
  const { members, end } = scanMembers(text);
  const existing = members.findLast((member) => member.key === key);
  if (existing !== undefined) return text.slice(0, existing.from) + value + text.slice(existing.to);
  const open = text.indexOf('{');
  const space = /^\s*/.exec(text.slice(open + 1))?.[0] ?? '';
  const last = members.at(-1);
  if (last === undefined) return `${text.slice(0, open + 1)}\n  ${JSON.stringify(key)}: ${value}\n${text.slice(end)}`;
  const between = space === '' && members.length > 0 ? ' ' : space;
  return `${text.slice(0, last.to)},${between}${JSON.stringify(key)}: ${value}${text.slice(last.to)}`;
}

/** Where the members of a valid JSON object stand, and where it ends. */
function scanMembers(text: string): { members: Member[]; end: number } {
  const members: Member[] = [];
  let at = text.indexOf('{') + 1;
  for (;;) {
    at = skip(text, at, /[\s,]/);
    if (text[at] !== '"') return { members, end: at };
    const keyEnd = endOfString(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const from = skip(text, keyEnd, /[\s:]/);
    at = endOfValue(text, from);
    members.push({ key: String(key), from, to: at });
  }
}

function skip(text: string, from: number, what: RegExp): number {
  let at = from;
  while (at < text.length && what.test(text[at] ?? '')) at += 1;
  return at;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; ) {
    const sign = text[at] ?? '';
    if (sign === '"') at = endOfString(text, at);
    else {
      if (depth === 0 && /[\s,}\]]/.test(sign)) return at;
      if (sign === '{' || sign === '[') depth += 1;
      if (sign === '}' || sign === ']') depth -= 1;
      at += 1;
    }
    if (depth === 0 && (sign === '"' || sign === '}' || sign === ']')) return at;
  }
  return text.length;
}
