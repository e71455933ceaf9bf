import { renderMs } from '../model/step.ts';
import { type AuthorityEntry, type AuthorityKind, authorityKinds, runsInCheckout } from './authority.ts';
import { unitOfSetting } from './unit-of-setting.ts';
import { visibleText } from './visible-text.ts';

export type AuthorityChange = { at: string; kind: AuthorityKind; before: string | null; after: string | null };

/** What is different between what was trusted and what stands there now, by place. Pure. */
export function diffAuthority(before: readonly AuthorityEntry[], after: readonly AuthorityEntry[]): AuthorityChange[] {
  const old = new Map(before.map((entry) => [entry.at, entry]));
  const now = new Map(after.map((entry) => [entry.at, entry]));
  const places = [...new Set([...old.keys(), ...now.keys()])].sort();
  return places.flatMap((at) => {
    const [was, is] = [old.get(at), now.get(at)];
    const kind = is?.kind ?? was?.kind;
    if (kind === undefined || was?.value === is?.value) return [];
    return [{ at, kind, before: was?.value ?? null, after: is?.value ?? null }];
  });
}

const titles: Readonly<Record<AuthorityKind, string>> = {
  runs: 'It starts these programs (each argument in quotes; no shell)',
  contacts: 'It contacts',
  variables: 'Variables that programs get',
  files: 'Files that it names',
  rules: 'Rules that guard a release',
  texts: 'Other texts that it hands on',
};

/** Everything that a configuration may do, each value in quotes and with nothing invisible in it. Pure. */
export function renderAuthority(entries: readonly AuthorityEntry[]): string {
  return authorityKinds
    .flatMap((kind) => {
      const lines = entries.filter((entry) => entry.kind === kind);
      if (lines.length === 0) return [];
      return [`${titles[kind]}:`, ...(kind === 'rules' ? renderRules(lines) : lines.map(renderEntry)), ''];
    })
    .join('\n')
    .trimEnd();
}

/** `+` is new, `-` is gone, both together a change. Pure. */
export function renderAuthorityDiff(changes: readonly AuthorityChange[]): string {
  return changes
    .flatMap(({ at, before, after }) => [
      ...(before === null ? [] : [`  - ${visibleText(at)}  ${renderValue(before, at)}`]),
      ...(after === null ? [] : [`  + ${visibleText(at)}  ${renderValue(after, at)}`]),
    ])
    .join('\n');
}

function renderEntry({ at, value, kind }: AuthorityEntry): string {
  const where = kind === 'runs' && runsInCheckout(at) ? '   (in a checkout of the commit that a plan names)' : '';
  return `  ${visibleText(at)}  ${renderValue(value, at)}${where}`;
}

/** A block of rules is one paragraph: there are many, and most are as they are by default. */
function renderRules(entries: readonly AuthorityEntry[]): string[] {
  const blocks = new Map<string, string[]>();
  for (const { at, value } of entries) {
    const [, block = at, rest = ''] = /^([^.]+\.[^.[]+)[.]?(.*)$/.exec(at) ?? [];
    blocks.set(block, [...(blocks.get(block) ?? []), `${visibleText(rest)} ${renderValue(value, at)}`.trim()]);
  }
  return [...blocks].map(([block, rules]) => `  ${visibleText(block)}: ${rules.join(', ')}`);
}

/** Arguments one by one, so that a blank inside of one is no border between two; times and sizes with their units. */
function renderValue(value: string, at: string): string {
  const parsed: unknown = JSON.parse(value);
  if (typeof parsed === 'number') {
    const unit = unitOfSetting(at);
    if (unit === 'ms') return renderMs(parsed);
    if (unit === 'bytes') return `${Math.round((parsed / 1024 ** 2) * 100) / 100}MiB`;
  }
  if (Array.isArray(parsed)) return parsed.length === 0 ? '(none)' : parsed.map(quote).join(' ');
  return quote(parsed);
}

function quote(value: unknown): string {
  return visibleText(JSON.stringify(value) ?? 'null');
}
