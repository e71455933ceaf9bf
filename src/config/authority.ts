import { agentSchema } from '../model/config/agent.ts';
import type { Config } from '../model/config/environment.ts';
import { canonicalJson } from '../system/canonical-json.ts';

/** What an entry lets seatrial do; in the order in which people read them. */
export const authorityKinds = ['runs', 'contacts', 'variables', 'files', 'rules', 'texts'] as const;
export type AuthorityKind = (typeof authorityKinds)[number];

/** One thing that a configuration has a say in: a command, an address, a variable, a rule … */
export type AuthorityEntry = {
  kind: AuthorityKind;
  /** Where it stands: `production.smoke[0].command`; for a file of the project its path, such as `file ./check.sh`. */
  at: string;
  /** Canonical JSON of what stands there. */
  value: string;
};

/** Settings that only say how fast something goes, which each plan shows and a person approves there. */
const notAuthority: ReadonlySet<string> = new Set(['strategy']);
/** Blocks in which numbers and switches are rules too: they say when something is stopped, and by whom it is allowed. */
const ruleBlocks: ReadonlySet<string> = new Set([
  'gates',
  'approval',
  'freeze',
  'review',
  'judge',
  'triggers',
  'slos',
  'migration',
  'rollback',
]);

/**
 * Everything in a configuration that a person must have trusted before it is acted upon. Every text counts unless it stands in
 * `strategy`, so that a key nobody thought of is inside; numbers and switches count where they are rules. Sorted by place. Pure.
 */
export function authorityOf(config: Config): AuthorityEntry[] {
  const entries: AuthorityEntry[] = [{ kind: 'texts', at: 'service', value: canonicalJson(config.service) }];
  for (const [name, spec] of Object.entries(config.environments))
    for (const [block, value] of Object.entries(spec)) {
      if (notAuthority.has(block)) continue;
      collect(value, { at: `${name}.${block}`, keys: [block], isRule: ruleBlocks.has(block) }, entries);
    }
  entries.push(...changedAgentRules(config));
  return entries.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

/** What an agent is stopped at is a rule. Left as it is by default it is nothing that anybody must have looked at. */
function changedAgentRules({ agent }: Config): AuthorityEntry[] {
  const usual: Record<string, unknown> = agentSchema.parse({});
  return Object.entries(agent)
    .map(([key, value]): AuthorityEntry => ({ kind: 'rules', at: `agent.${key}`, value: canonicalJson(value) }))
    .filter(({ at, value }) => value !== canonicalJson(usual[at.slice('agent.'.length)]));
}

/**
 * Texts that may name a file of the project whose content is acted upon: arguments of what is run in the project's folder, and files of
 * variables. Pure.
 */
export function fileNamesIn(entries: readonly AuthorityEntry[]): string[] {
  const texts = entries.flatMap(({ kind, at, value }) =>
    (kind === 'runs' && !runsInCheckout(at)) || at.endsWith('.env.file') ? stringsOf(value) : [],
  );
  return [...new Set(texts.flatMap((text) => [text, ...(/^--?[A-Za-z][\w-]*=(.+)$/s.exec(text)?.slice(1) ?? [])]))];
}

/** Started from a checkout of the commit that a plan names, which is what a person approves: not from the working tree. Pure. */
export function runsInCheckout(at: string): boolean {
  return /^[^.]+\.(?:target\.(?:command|instanceCommands\.\w+)|revision\.prepare\[\d+\])$/.test(at);
}

function stringsOf(value: string): string[] {
  const parsed: unknown = JSON.parse(value);
  return Array.isArray(parsed) ? parsed.map(String) : [String(parsed)];
}

type Place = { at: string; keys: readonly string[]; isRule: boolean };

function collect(value: unknown, place: Place, entries: AuthorityEntry[]): void {
  const { at, keys, isRule } = place;
  if (value === undefined || value === null) return;
  if (Array.isArray(value) && value.length === 0 && !isRule) return;
  if (isTextList(value) || typeof value === 'string' || (isRule && typeof value !== 'object')) {
    entries.push({ kind: kindOf(place, value), at, value: canonicalJson(value) });
  } else if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) collect(inner, { at: `${at}[${index}]`, keys, isRule }, entries);
  } else if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value))
      collect(inner, { at: `${at}.${key}`, keys: [...keys, key], isRule }, entries);
  }
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

const runs: ReadonlySet<string> = new Set(['command', 'argv', 'prepare', 'start', 'stop', 'status']);
const contacts: ReadonlySet<string> = new Set(['url', 'webhook', 'socket']);
const files: ReadonlySet<string> = new Set([
  'file',
  'document',
  'directory',
  'sha256',
  'splitMap',
  'revisionsMap',
  'stateFile',
  'configFile',
]);

function kindOf({ at, keys, isRule }: Place, value: unknown): AuthorityKind {
  const last = keys.at(-1) ?? '';
  if (isTextList(value) && value.length > 0 && runs.has(last)) return 'runs';
  if (contacts.has(last) || (typeof value === 'string' && /^https?:\/\//i.test(value))) return 'contacts';
  if (/\.pass$|\.headersFromEnv\.|\.env\.(?:set\.|file$)/.test(at)) return 'variables';
  if (files.has(last) || at.endsWith('.artifact.path')) return 'files';
  return isRule ? 'rules' : 'texts';
}
